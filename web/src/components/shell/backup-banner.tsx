'use client'

import { KeyRound } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { useViewerSession } from '../../state/session/viewer.tsx'
import { buttonClass } from '../../ui/button.tsx'

/** Says below the header that a backup is due. The server knows it, too, so that nothing moves. */
export function BackupBanner({ isDue: isDueToServer }: { isDue: boolean }) {
  const t = useT()
  const { account } = useViewerSession()
  const isDue = account ? account.stage === 'ready' && account.backup === 'pending' : isDueToServer
  if (!isDue) return null
  return (
    <div className="border-b bg-brand-veil">
      <div className="page flex min-h-12 flex-wrap items-center gap-x-3 gap-y-2 py-2 text-sm font-medium">
        <KeyRound size={18} aria-hidden className="text-brand-text" />
        <span className="min-w-0 grow basis-40">{t('common.backupReminder')}</span>
        <a href="/onboarding/backup" className={buttonClass('solid', 'sm')}>
          {t('common.backupNow')}
        </a>
      </div>
    </div>
  )
}
