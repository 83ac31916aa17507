'use client'

import { FileText, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import type { Upload } from '../../state/outbox/actions.ts'
import { Spinner } from '../../ui/spinner.tsx'

interface UploadsProps {
  uploads: Upload[]
  /** How many more are being read. */
  reading: number
  onChange: (uploads: Upload[]) => void
}

/** Pictures that go with a new post, each with a description. */
export function Uploads({ uploads, reading, onChange }: UploadsProps) {
  const t = useT()
  return (
    <ul className="mt-3 grid gap-3 sm:grid-cols-2">
      {uploads.map((upload, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two uploads may be the same file.
        <li key={at} className="overflow-hidden rounded-md border">
          <div className="relative">
            <Preview upload={upload} />
            <button
              type="button"
              aria-label={t('composer.removePicture', { name: upload.name })}
              onClick={() => onChange(uploads.filter((_, other) => other !== at))}
              className="touch absolute end-2 top-2 grid size-8 place-items-center rounded-full bg-fg text-bg"
            >
              <X size={16} aria-hidden />
            </button>
          </div>
          <input
            value={upload.name}
            maxLength={255}
            aria-label={t('composer.altText')}
            placeholder={t('composer.altText')}
            onChange={(event) => {
              const name = event.target.value
              onChange(uploads.map((one, other) => (other === at ? { ...one, name } : one)))
            }}
            className="h-10 w-full bg-transparent px-3 text-sm outline-none focus:bg-raised"
          />
        </li>
      ))}
      {Array.from({ length: reading }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <li key={`reading-${at}`} className="rounded-md border bg-raised">
          <div role="status" className="grid h-50 place-items-center text-xl text-mute">
            <Spinner />
            <span className="sr-only">{t('composer.readingPicture')}</span>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Preview({ upload }: { upload: Upload }) {
  const [src, setSrc] = useState<string | null>(null)
  useEffect(() => {
    if (!upload.type.startsWith('image/')) return
    const url = URL.createObjectURL(new Blob([upload.bytes], { type: upload.type }))
    setSrc(url)
    return () => URL.revokeObjectURL(url)
  }, [upload.bytes, upload.type])
  if (!src)
    return (
      <div className="grid h-40 place-items-center bg-raised text-mute">
        <FileText size={32} aria-hidden />
      </div>
    )
  // biome-ignore lint/performance/noImgElement: a local preview.
  return <img src={src} alt="" className="h-40 w-full bg-raised object-cover" />
}
