'use client'

import { useState } from 'react'
import { useT } from '../i18n/client.tsx'
import { usePending } from '../state/outbox/outbox.tsx'
import { useConfig } from '../state/services.ts'
import type { Account } from '../state/session/accounts.ts'
import { useViewer } from '../state/session/viewer.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

/** Asks before signing out: loudly when the only copy of the key or unsent text would be lost. */
export function SignOutDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const t = useT()
  const config = useConfig()
  const { id: viewer } = useViewer()
  const own = account.user === viewer
  const pending = usePending().filter(({ state }) => state !== 'sent').length
  const unsent = own ? pending : 0
  const [busy, setBusy] = useState(false)
  const unsaved = account.backup === 'pending'

  async function signOutNow() {
    if (busy) return
    setBusy(true)
    const { signOut } = await import('../state/session/sign-out.ts')
    const { told, next } = await signOut(config, account)
    if (!own) return onClose()
    if (next) return location.assign('/home')
    location.assign(told ? '/logout' : '/logout?told=no')
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t('common.signOutTitle')}
      footer={
        <>
          <Button look="quiet" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          {unsaved && own ? (
            <a href="/onboarding/backup" className={buttonClass('brand')}>
              {t('common.backupNow')}
            </a>
          ) : null}
          <Button look={unsaved ? 'danger' : 'brand'} busy={busy} onClick={() => void signOutNow()}>
            {t('common.signOut')}
          </Button>
        </>
      }
    >
      {unsaved ? (
        <p role="alert" className="rounded-md bg-danger-veil p-4 font-medium text-danger">
          {t('common.signOutNoBackup')}
        </p>
      ) : (
        <p className="text-soft">{t('common.signOutText')}</p>
      )}
      {unsent > 0 ? (
        <p className="mt-3 text-sm font-medium text-warn">
          {t('common.signOutUnsent', { count: unsent })}
        </p>
      ) : null}
    </Dialog>
  )
}
