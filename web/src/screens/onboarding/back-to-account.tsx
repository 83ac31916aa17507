'use client'

import { ArrowLeft } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { switchAccount, useAccounts } from '../../state/session/switch-account.ts'
import { shortKey } from '../../state/views.ts'
import { Button } from '../../ui/button.tsx'

/** Whoever came to add an account may go back to the one they have. */
export function BackToAccount() {
  const t = useT()
  const account = useAccounts().findLast(({ stage }) => stage === 'ready')
  if (!account) return null
  return (
    <Button
      look="quiet"
      className="ms-auto"
      icon={<ArrowLeft size={17} aria-hidden className="rtl:-scale-x-100" />}
      onClick={() => void switchAccount(account.user)}
    >
      {t('common.backToAccount', { name: shortKey(account.user) })}
    </Button>
  )
}
