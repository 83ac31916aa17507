import { CircleCheck, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useT } from '../../../i18n/client.tsx'
import type { Revoked } from '../../../state/data/key-rules.ts'

/** What a revocation has done, and what it could not do. */
export function RevokeReport({ done, isHere }: { done: Revoked; isHere: boolean }) {
  const t = useT()
  const { kept, ended } = done
  return (
    <div role="status">
      <ul className="grid gap-2.5 py-2 text-sm">
        <Line>
          {kept === 0 ? t('signing.doneKeptNone') : t('signing.doneKept', { count: kept })}
        </Line>
        {ended === null ? (
          <Line bad>{t('signing.doneNotEnded')}</Line>
        ) : (
          <Line>
            {ended === 0 ? t('signing.doneEndedNone') : t('signing.doneEnded', { count: ended })}
          </Line>
        )}
        {isHere ? <Line bad>{t('signing.doneHere')}</Line> : null}
      </ul>
    </div>
  )
}

function Line({ bad, children }: { bad?: boolean; children: ReactNode }) {
  return (
    <li className="flex items-start gap-3">
      {bad ? (
        <TriangleAlert size={18} aria-hidden className="mt-0.5 shrink-0 text-warn" />
      ) : (
        <CircleCheck size={18} aria-hidden className="mt-0.5 shrink-0 text-brand-text" />
      )}
      {children}
    </li>
  )
}
