'use client'

import { CloudOff, WifiOff } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useReachable } from '../../state/services.ts'
import { Notice } from './notice.tsx'

/** There is no connection, or the indexer is away. */
export function ReachNotice() {
  const t = useT()
  const reachable = useReachable()
  const offline = !reachable && !navigator.onLine
  const Icon = offline ? WifiOff : CloudOff
  return (
    <div role="status">
      {reachable ? null : (
        <Notice icon={<Icon size={18} aria-hidden />}>
          {t(offline ? 'common.offline' : 'common.indexerDown')}
        </Notice>
      )}
    </div>
  )
}
