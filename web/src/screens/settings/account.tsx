'use client'

import { Copy, LogOut, ShieldCheck, TriangleAlert } from 'lucide-react'
import { type ReactNode, Suspense, useState } from 'react'
import { useCopy } from '../../components/use-copy.ts'
import { useT } from '../../i18n/client.tsx'
import { useViewerSession } from '../../state/session/viewer.tsx'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { part } from '../../ui/part.ts'
import { Accounts } from './accounts.tsx'

const SignOutDialog = part(() =>
  import('../../components/sign-out-dialog.tsx').then((m) => m.SignOutDialog),
)

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card p-5 sm:p-7">
      <h2 className="mb-2 text-lg">{title}</h2>
      {children}
    </section>
  )
}

interface AccountSettingsProps {
  user: string
  isBackupDue: boolean
  others: number
}

/** The key, its backup, and the way out. The server knows what is due, so that nothing moves. */
export function AccountSettings({ user, isBackupDue, others }: AccountSettingsProps) {
  const t = useT()
  const copy = useCopy()
  const { account } = useViewerSession()
  const [leaving, setLeaving] = useState(false)
  const pending = account ? account.backup === 'pending' : isBackupDue
  return (
    <div className="grid gap-4">
      <Card title={t('settings.yourKey')}>
        <p className="mb-3 text-sm text-mute">{t('settings.yourKeyText')}</p>
        <div className="flex items-center gap-2 rounded-md bg-raised py-2 ps-4 pe-2">
          <code className="key min-w-0 grow text-sm break-all">{`pubky${user}`}</code>
          <IconButton label={t('common.copyKey')} onClick={() => copy(`pubky${user}`)}>
            <Copy size={17} aria-hidden />
          </IconButton>
        </div>
      </Card>
      <Card title={t('settings.backup')}>
        <p className="flex items-start gap-3 text-sm text-soft">
          {pending ? (
            <TriangleAlert size={20} aria-hidden className="mt-0.5 shrink-0 text-warn" />
          ) : (
            <ShieldCheck size={20} aria-hidden className="mt-0.5 shrink-0 text-brand-text" />
          )}
          {t(pending ? 'settings.backupPending' : 'settings.backupDone')}
        </p>
        {pending ? (
          <a href="/onboarding/backup" className={`${buttonClass('brand')} mt-4`}>
            {t('settings.backupNow')}
          </a>
        ) : null}
      </Card>
      <Card title={t('settings.accounts')}>
        <Accounts current={user} expected={others} />
      </Card>
      <Card title={t('common.signOut')}>
        <p className="mb-4 text-sm text-mute">{t('settings.signOutText')}</p>
        <Button
          look="danger"
          icon={<LogOut size={17} aria-hidden />}
          onClick={() => setLeaving(true)}
        >
          {t('common.signOut')}
        </Button>
      </Card>
      {leaving && account ? (
        <Suspense>
          <SignOutDialog account={account} onClose={() => setLeaving(false)} />
        </Suspense>
      ) : null}
    </div>
  )
}
