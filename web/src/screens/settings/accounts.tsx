'use client'

import { LogOut } from 'lucide-react'
import { Suspense, useState } from 'react'
import { UserAvatar } from '../../components/user-avatar.tsx'
import { useT } from '../../i18n/client.tsx'
import { useUser } from '../../state/queries/user.ts'
import type { Account } from '../../state/session/accounts.ts'
import { switchAccount, useOthers } from '../../state/session/switch-account.ts'
import { shortKey } from '../../state/views.ts'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { part } from '../../ui/part.ts'
import { Skeleton } from '../../ui/skeleton.tsx'

const SignOutDialog = part(() =>
  import('../../components/sign-out-dialog.tsx').then((m) => m.SignOutDialog),
)

interface AccountsProps {
  current: string
  /** How many others there are, as the server knows it. */
  expected: number
}

/** Who is signed in in this browser: switch, sign out of one, add one. */
export function Accounts({ current, expected }: AccountsProps) {
  const t = useT()
  const others = useOthers(current)
  const [leaving, setLeaving] = useState<Account | null>(null)
  return (
    <>
      <p className="mb-2 text-sm text-mute">{t('settings.accountsText')}</p>
      <ul className="divide-y">
        <Row user={current} />
        {others
          ? others.map((account) => (
              <Row key={account.user} user={account.user} onLeave={() => setLeaving(account)} />
            ))
          : Array.from({ length: expected }, (_, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
              <RowSkeleton key={at} />
            ))}
      </ul>
      <div className="mt-4 flex flex-wrap gap-2">
        <a href="/sign-in" className={buttonClass('outline')}>
          {t('settings.addAccount')}
        </a>
        <a href="/onboarding" className={buttonClass('quiet')}>
          {t('settings.newAccount')}
        </a>
      </div>
      {leaving ? (
        <Suspense>
          <SignOutDialog account={leaving} onClose={() => setLeaving(null)} />
        </Suspense>
      ) : null}
    </>
  )
}

/** As high as a row at every size of text. */
function RowSkeleton() {
  return (
    <li aria-hidden className="flex items-center gap-3 py-3">
      <Skeleton className="size-[40px] rounded-full" />
      <span className="grow">
        <span className="flex h-[1lh] items-center text-sm">
          <Skeleton className="h-3.5 w-28" />
        </span>
        <span className="flex h-[1lh] items-center text-xs">
          <Skeleton className="h-3 w-20" />
        </span>
      </span>
    </li>
  )
}

interface RowProps {
  user: string
  /** None for the current account: the page itself has the way out. */
  onLeave?: () => void
}

function Row({ user, onLeave }: RowProps) {
  const t = useT()
  const view = useUser(user).user
  const name = view?.details.name ?? shortKey(user)
  return (
    <li className="flex items-center gap-3 py-3">
      <UserAvatar userId={user} size={40} />
      <span className="min-w-0 grow">
        <span className="block truncate text-sm font-semibold" dir="auto">
          {name}
        </span>
        <span className="key block truncate text-xs text-mute">{shortKey(user)}</span>
      </span>
      {onLeave ? (
        <>
          <Button
            size="sm"
            aria-label={t('settings.switchTo', { name })}
            onClick={() => void switchAccount(user)}
          >
            {t('settings.switch')}
          </Button>
          <IconButton label={t('settings.signOutOf', { name })} onClick={onLeave}>
            <LogOut size={17} aria-hidden />
          </IconButton>
        </>
      ) : (
        <span className="rounded-full bg-brand-veil px-3 py-1 text-xs font-semibold text-brand-text">
          {t('settings.accountCurrent')}
        </span>
      )}
    </li>
  )
}
