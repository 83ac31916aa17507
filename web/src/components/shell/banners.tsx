'use client'

import { CloudOff, KeyRound, WifiOff } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useReachable } from '../../state/services.ts'
import { useViewerSession } from '../../state/session/viewer.tsx'
import { buttonClass } from '../../ui/button.tsx'
import { Banner } from './banner.tsx'

/** Notices below the header: no connection, backup due. The latter is known to the server, so that nothing moves. */
export function Banners({ isBackupDue }: { isBackupDue: boolean }) {
  const t = useT()
  const reachable = useReachable()
  const offline = !reachable && !navigator.onLine
  const { account } = useViewerSession()
  const isDue = account ? account.stage === 'ready' && account.backup === 'pending' : isBackupDue
  return (
    <div aria-live="polite">
      {reachable ? null : (
        <Banner
          icon={offline ? <WifiOff size={18} aria-hidden /> : <CloudOff size={18} aria-hidden />}
        >
          {t(offline ? 'common.offline' : 'common.indexerDown')}
        </Banner>
      )}
      {isDue ? (
        <Banner
          icon={<KeyRound size={18} aria-hidden />}
          action={
            <a href="/onboarding/backup" className={buttonClass('solid', 'sm')}>
              {t('common.backupNow')}
            </a>
          }
        >
          {t('common.backupReminder')}
        </Banner>
      ) : null}
    </div>
  )
}
