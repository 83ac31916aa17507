'use client'

import { useState } from 'react'
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

/** A round picture of a person. Decorative: the name stands beside it. */
export function Avatar({ userId, src, size = 40, className }: AvatarProps) {
  const [broken, setBroken] = useState<string | null>(null)
  return (
    <span
      className={cx('inline-block shrink-0 overflow-hidden rounded-full bg-raised', className)}
      style={{ width: size, height: size }}
    >
      {src && src !== broken ? (
        // biome-ignore lint/performance/noImgElement: pictures come sized from the indexer.
        <img
          src={src}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          decoding="async"
          className="size-full object-cover"
          onError={() => setBroken(src)}
        />
      ) : (
        <Keyprint userId={userId} className="size-full" />
      )}
    </span>
  )
}
