'use client'

import { NotebookPen } from 'lucide-react'
import Link from 'next/link'
import { useT } from '../../i18n/client.tsx'
import { useDrafts } from '../../state/queries/drafts.ts'

/** The way to the other drafts, while there are any. */
export function DraftsLink({ user, slot }: { user: string; slot: string }) {
  const t = useT()
  const count = useDrafts(user)?.filter((draft) => draft.slot !== slot).length ?? 0
  if (count === 0) return null
  return (
    <Link
      href="/drafts"
      prefetch={false}
      aria-label={t('composer.draftsCount', { count })}
      title={t('composer.drafts')}
      className="touch inline-flex h-9 animate-fade items-center gap-1.5 rounded-full px-2 text-sm font-medium text-mute tabular-nums hover:bg-raised hover:text-fg"
    >
      <NotebookPen size={19} aria-hidden />
      {count}
    </Link>
  )
}
