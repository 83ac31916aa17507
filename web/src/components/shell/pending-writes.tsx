'use client'

import { CloudUpload } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { usePending } from '../../state/outbox/outbox.tsx'

/** How many changes wait to be sent; nothing while there are none. */
export function PendingWrites() {
  const t = useT()
  const count = usePending().filter(({ state }) => state === 'waiting').length
  return (
    <span role="status" className="contents">
      {count > 0 ? (
        <span
          title={t('common.pendingWrites', { count })}
          className="flex animate-fade items-center gap-1.5 rounded-full bg-raised px-2.5 py-1 text-xs font-semibold text-soft tabular-nums"
        >
          <CloudUpload size={15} aria-hidden className="text-brand-text" />
          <span aria-hidden>{count}</span>
          <span className="sr-only">{t('common.pendingWrites', { count })}</span>
        </span>
      ) : null}
    </span>
  )
}
