'use client'

import { useEffect, useState } from 'react'
import { cx } from './cx.ts'
import { Keyprint } from './keyprint.tsx'

interface AvatarProps {
  userId: string
  /** Address of the picture; the keyprint stands in while it is absent or cannot be loaded. */
  src: string | null
  /** In pixels. */
  size?: number
  className?: string
}

const MOST_TRIES = 4
const FIRST_WAIT_MS = 1500

/** A round picture of a person. Decorative: the name stands beside it. */
export function Avatar({ userId, src, size = 40, className }: AvatarProps) {
  const [failure, setFailure] = useState<{ src: string; tries: number; waiting: boolean } | null>(
    null,
  )
  const tries = failure?.src === src ? failure.tries : 0
  const waiting = failure?.src === src && failure.waiting

  // A new picture is known before the indexer has fetched it.
  useEffect(() => {
    if (!failure?.waiting || failure.tries > MOST_TRIES) return
    const again = () => setFailure({ ...failure, waiting: false })
    const timer = setTimeout(again, FIRST_WAIT_MS * 2 ** failure.tries)
    return () => clearTimeout(timer)
  }, [failure])

  return (
    <span
      className={cx('block shrink-0 overflow-hidden rounded-full bg-raised', className)}
      style={{ width: size, height: size }}
    >
      {src && !waiting ? (
        // biome-ignore lint/performance/noImgElement: pictures come sized from the indexer.
        <img
          src={tries === 0 ? src : `${src}?try=${tries}`}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          decoding="async"
          className="size-full object-cover"
          onError={() => setFailure({ src, tries: tries + 1, waiting: true })}
        />
      ) : (
        <Keyprint userId={userId} className="size-full" />
      )}
    </span>
  )
}
