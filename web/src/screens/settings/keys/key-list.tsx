'use client'

import { CloudOff, KeyRound, ShieldOff } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useT } from '../../../i18n/client.tsx'
import type { KeyRules } from '../../../state/data/key-rules.ts'
import type { SigningKey } from '../../../state/data/signing-keys.ts'
import { useConfig } from '../../../state/services.ts'
import { errorCode, errorTextKey } from '../../../state/session/errors.ts'
import { useViewerSession } from '../../../state/session/viewer.tsx'
import { Button, buttonClass } from '../../../ui/button.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../../ui/states.tsx'
import { clientName } from '../sessions/client-name.ts'
import { KeyRow } from './key-row.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'

interface KeyListProps {
  user: string
  rules: KeyRules | undefined
  /** How many changes were looked at. */
  most: number
  error: Error | null
  /** Nothing is asked while there is no connection. */
  isPaused: boolean
  isFetching: boolean
  onRetry: () => void
  /** Looks at older changes, too; null when it cannot. */
  onFurther: (() => void) | null
}

/** Every key that signed for a person, and how to revoke one. */
export function KeyList(props: KeyListProps) {
  const { user, rules, most, error, isPaused, isFetching, onRetry, onFurther } = props
  const t = useT()
  const nameOf = useNames(user)
  const { account } = useViewerSession()
  const [asked, setAsked] = useState<SigningKey | null>(null)
  const isAway = isPaused || (error !== null && !isFetching)

  if (!rules && isAway)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('signing.failed')}
        action={<Button onClick={onRetry}>{t('common.retry')}</Button>}
      >
        {t(isPaused ? 'errors.network' : errorTextKey(errorCode(error)))}
      </ErrorState>
    )
  if (rules && !rules.keepsProofs)
    return (
      <EmptyState
        icon={<ShieldOff size={28} aria-hidden />}
        title={t('signing.unsupportedTitle')}
        action={
          <Link href="/settings/data" className={buttonClass('outline')}>
            {t('signing.unsupportedMove')}
          </Link>
        }
      >
        {t('signing.unsupportedText')}
      </EmptyState>
    )
  if (rules?.keys.length === 0 && rules.isWhole)
    return (
      <EmptyState icon={<KeyRound size={28} aria-hidden />} title={t('signing.emptyTitle')}>
        {t('signing.emptyText')}
      </EmptyState>
    )
  const rowsOf = (keys: readonly SigningKey[]) =>
    keys.map((one) => (
      <KeyRow
        key={one.key}
        signing={one}
        name={nameOf(one)}
        isOwn={one.key === user}
        isHere={one.key === account?.client}
        onRevoke={() => setAsked(one)}
      />
    ))
  const good = rules?.keys.filter(({ revokedAtMs }) => revokedAtMs === null) ?? []
  const revoked = rules?.keys.filter(({ revokedAtMs }) => revokedAtMs !== null) ?? []
  return (
    <section className="card p-5 sm:p-7">
      <h2 className="mb-2 text-lg">{t('signing.title')}</h2>
      <p className="text-sm text-mute">{t('signing.text')}</p>
      {rules && isAway ? (
        <p role="status" className="mt-3 text-sm font-medium text-warn">
          {t('signing.stale')}
        </p>
      ) : null}
      {rules ? null : (
        <div role="status" aria-label={t('common.loading')} className="mt-4 grid gap-4">
          <Skeleton className="h-28 rounded-md" />
          <Skeleton className="h-28 rounded-md" />
        </div>
      )}
      {good.length > 0 ? (
        <ul aria-label={t('signing.list')} className="mt-2 divide-y">
          {rowsOf(good)}
        </ul>
      ) : null}
      {revoked.length > 0 ? (
        <div className="mt-2 border-t pt-5">
          <h3 className="text-sm text-mute">{t('signing.listRevoked')}</h3>
          <ul aria-label={t('signing.listRevoked')} className="divide-y">
            {rowsOf(revoked)}
          </ul>
        </div>
      ) : null}
      {rules && !rules.isWhole ? (
        <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-3 border-t pt-5 text-sm text-mute">
          <p className="min-w-0 grow basis-56">{t('signing.recent', { count: most })}</p>
          {onFurther ? (
            <Button look="outline" size="sm" busy={isFetching} onClick={onFurther}>
              {t('signing.further')}
            </Button>
          ) : null}
        </div>
      ) : null}
      {asked && account ? (
        <RevokeDialog
          account={account}
          signing={asked}
          name={nameOf(asked)}
          isHere={asked.key === account.client}
          onClose={() => setAsked(null)}
        />
      ) : null}
    </section>
  )
}

function useNames(user: string) {
  const t = useT()
  const { clientId } = useConfig()
  return ({ key, client }: SigningKey) => {
    if (key === user) return t('signing.own')
    return client === null ? t('signing.unknown') : clientName(t, { client }, clientId)
  }
}
