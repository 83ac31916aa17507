'use client'

import { FileDown } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useFiles } from '../../state/queries/files.ts'
import { useConfig } from '../../state/services.ts'
import { type FileDetails, fileAddress } from '../../state/views.ts'
import { cx } from '../../ui/cx.ts'
import { Skeleton } from '../../ui/skeleton.tsx'

/** What hangs on a post. The space is kept while the details load, so that nothing jumps. */
export function Attachments({ uris }: { uris: readonly string[] }) {
  const files = useFiles(uris)
  if (uris.length === 0) return null
  const several = uris.length > 1
  return (
    <div className={cx('mt-4', several && 'grid grid-cols-2 gap-2')}>
      {uris.map((uri, at) => (
        <div
          key={uri}
          className={cx(several && at === uris.length - 1 && uris.length % 2 === 1 && 'col-span-2')}
        >
          <Attachment uri={uri} file={files?.get(uri)} several={several} loading={!files} />
        </div>
      ))}
    </div>
  )
}

interface AttachmentProps {
  uri: string
  file: FileDetails | undefined
  several: boolean
  loading: boolean
}

function Attachment({ uri, file, several, loading }: AttachmentProps) {
  const t = useT()
  const { nexus } = useConfig()
  const main = fileAddress(nexus, uri, 'main')
  const box = cx('w-full rounded-md bg-raised', several ? 'h-52' : 'aspect-3/2')
  if (loading) return <Skeleton className={box} />
  if (!file || !main) return null
  const type = file.content_type
  if (type.startsWith('image/')) {
    const shown = type === 'image/gif' ? main : (fileAddress(nexus, uri, 'feed') ?? main)
    return (
      <a data-act="media" href={main} target="_blank" rel="noopener noreferrer" className="block">
        {/* biome-ignore lint/performance/noImgElement: pictures come sized from the indexer. */}
        <img
          src={shown}
          alt={file.name}
          loading="lazy"
          decoding="async"
          className={cx(box, 'object-cover')}
        />
      </a>
    )
  }
  if (type.startsWith('video/'))
    // biome-ignore lint/a11y/useMediaCaption: people's uploads bring no captions.
    return <video src={main} controls preload="metadata" className={box} />
  if (type.startsWith('audio/'))
    // biome-ignore lint/a11y/useMediaCaption: people's uploads bring no captions.
    return <audio src={main} controls preload="none" className="w-full" />
  return (
    <a
      href={main}
      rel="noopener noreferrer"
      className="flex items-center gap-3 rounded-md border p-3 text-sm hover:bg-raised"
    >
      <FileDown size={20} aria-hidden className="shrink-0 text-mute" />
      <span className="min-w-0">
        <span className="block truncate font-medium">{file.name || t('post.attachment')}</span>
        <span className="text-xs text-mute">{type}</span>
      </span>
    </a>
  )
}
