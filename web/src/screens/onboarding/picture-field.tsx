'use client'

import { Camera } from 'lucide-react'
import { useEffect, useId, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import type { Upload } from '../../state/outbox/actions.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { Keyprint } from '../../ui/keyprint.tsx'
import { useEarlyFile } from '../../ui/use-early.ts'

const MOST_BYTES = 5 * 1024 * 1024
const SIDE = 640

interface PictureFieldProps {
  userId: string
  picture: Upload | null
  onChange: (picture: Upload | null) => void
}

/** Chooses a picture and cuts out its middle; the face of the key stands in for it. */
export function PictureField({ userId, picture, onChange }: PictureFieldProps) {
  const t = useT()
  const id = useId()
  useEarlyFile(id, choose)
  const [error, setError] = useState<
    'onboarding.pictureTooLarge' | 'onboarding.pictureUnreadable' | null
  >(null)
  const [src, setSrc] = useState<string | null>(null)

  useEffect(() => {
    if (!picture) return setSrc(null)
    const url = URL.createObjectURL(new Blob([picture.bytes], { type: picture.type }))
    setSrc(url)
    return () => URL.revokeObjectURL(url)
  }, [picture])

  async function choose(file: File | undefined) {
    if (!file) return
    setError(null)
    if (file.size > MOST_BYTES) return setError('onboarding.pictureTooLarge')
    try {
      const { redraw } = await import('../../components/composer/read-uploads.ts')
      onChange({ ...(await redraw(file, SIDE, true)), name: 'picture' })
    } catch {
      setError('onboarding.pictureUnreadable')
    }
  }

  return (
    <div className="flex flex-wrap items-center gap-5">
      <span className="size-24 overflow-hidden rounded-full bg-raised">
        {src ? (
          // biome-ignore lint/performance/noImgElement: a local preview.
          <img src={src} alt="" className="size-full object-cover" />
        ) : (
          <Keyprint userId={userId} className="size-full" />
        )}
      </span>
      <div>
        <div className="flex flex-wrap gap-2">
          <label
            htmlFor={id}
            className={cx(
              buttonClass('outline'),
              'has-focus-visible:outline-2 has-focus-visible:outline-brand-text',
            )}
          >
            <Camera size={18} aria-hidden />
            {t('onboarding.pictureChoose')}
            <input
              id={id}
              type="file"
              accept="image/jpeg,image/png,image/webp,image/gif"
              aria-describedby={`${id}-hint`}
              className="sr-only"
              onChange={(event) => {
                void choose(event.target.files?.[0])
                event.target.value = ''
              }}
            />
          </label>
          {picture ? (
            <Button look="quiet" onClick={() => onChange(null)}>
              {t('onboarding.pictureRemove')}
            </Button>
          ) : null}
        </div>
        <p
          id={`${id}-hint`}
          className={cx('mt-2 text-sm', error ? 'text-danger' : 'text-mute')}
          aria-live="polite"
        >
          {t(error ?? 'onboarding.pictureHint')}
        </p>
      </div>
    </div>
  )
}
