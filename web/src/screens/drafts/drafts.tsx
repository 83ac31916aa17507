'use client'

import { ImageIcon, NotebookPen } from 'lucide-react'
import { useCompose } from '../../components/composer/compose.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { SideColumn } from '../../components/side-column.tsx'
import { Time } from '../../components/time.tsx'
import { useT } from '../../i18n/client.tsx'
import { type Draft, dropDraft, parseSlot } from '../../state/drafts.ts'
import { useDrafts } from '../../state/queries/drafts.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { Button } from '../../ui/button.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { EmptyState } from '../../ui/states.tsx'

const MODES = {
  post: 'drafts.modePost',
  reply: 'drafts.modeReply',
  repost: 'drafts.modeRepost',
  edit: 'drafts.modeEdit',
} as const

/** Everything that was written and not sent, in this browser. */
export function Drafts() {
  const t = useT()
  const { id: viewer } = useViewer()
  return (
    <Columns end={<SideColumn />}>
      <h1 className="text-xl">{t('drafts.title')}</h1>
      <p className="mt-1 mb-5 text-sm text-mute">{t('drafts.text')}</p>
      <DraftList viewer={viewer} />
    </Columns>
  )
}

function DraftList({ viewer }: { viewer: string | null }) {
  const t = useT()
  const drafts = useDrafts(viewer)
  if (viewer !== null && drafts === undefined)
    return (
      <div role="status" aria-label={t('common.loading')}>
        <Skeleton className="h-28 rounded-lg" />
      </div>
    )
  if (!drafts?.length)
    return (
      <EmptyState icon={<NotebookPen size={26} aria-hidden />} title={t('drafts.emptyTitle')}>
        {t('drafts.emptyText')}
      </EmptyState>
    )
  return (
    <ul className="grid gap-4">
      {drafts.map((draft) => (
        <DraftCard key={draft.slot} draft={draft} />
      ))}
    </ul>
  )
}

function DraftCard({ draft }: { draft: Draft }) {
  const t = useT()
  const compose = useCompose()
  const place = parseSlot(draft.slot)
  if (!place) return null
  const { mode, target } = place
  const { slot, user, text, tags, uploads = [], atMs } = draft

  function open() {
    if (mode === 'post') compose({ mode, slot })
    else if (target) compose({ mode, target, slot })
  }

  return (
    <li className="card p-4 sm:p-6">
      <p className="flex items-baseline gap-2 text-xs text-mute">
        <span className="font-semibold text-brand-text">{t(MODES[mode])}</span>
        <Time atMs={atMs} />
      </p>
      <p className="mt-2 line-clamp-4 whitespace-pre-wrap" dir="auto">
        {text || t('drafts.untitled')}
      </p>
      <p className="mt-2 flex flex-wrap gap-x-3 gap-y-1 text-sm text-mute empty:hidden">
        {uploads.length > 0 ? (
          <span className="inline-flex items-center gap-1.5">
            <ImageIcon size={15} aria-hidden />
            {t('drafts.pictures', { count: uploads.length })}
          </span>
        ) : null}
        {tags.map((tag) => (
          <span key={tag}>#{tag}</span>
        ))}
      </p>
      <div className="mt-4 flex gap-2">
        <Button size="sm" onClick={open}>
          {t('drafts.open')}
        </Button>
        <Button look="quiet" size="sm" onClick={() => void dropDraft(user, slot)}>
          {t('drafts.discard')}
        </Button>
      </div>
    </li>
  )
}
