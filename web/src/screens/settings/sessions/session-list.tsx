'use client'

import { useQueryClient } from '@tanstack/react-query'
import { CloudOff } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useState } from 'react'
import { ConfirmDialog } from '../../../components/confirm-dialog.tsx'
import { useT } from '../../../i18n/client.tsx'
import type { SessionsDoor } from '../../../state/data/sessions.ts'
import type { SignedIn } from '../../../state/data/signed-in.ts'
import { sessionsKey, useSessions } from '../../../state/queries/sessions.ts'
import { useConfig } from '../../../state/services.ts'
import { errorCode, errorTextKey } from '../../../state/session/errors.ts'
import { Button } from '../../../ui/button.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { ErrorState } from '../../../ui/states.tsx'
import { showToast } from '../../../ui/toast.tsx'
import { clientName } from './client-name.ts'
import { SessionRow } from './session-row.tsx'

interface SessionListProps {
  user: string
  door: SessionsDoor
  /** The right to see the list has ended. */
  onEnded: () => void
}

/** Everywhere the account is signed in, and how to end it. */
export function SessionList({ user, door, onEnded }: SessionListProps) {
  const t = useT()
  const { clientId } = useConfig()
  const { data, error, isFetching, refetch } = useSessions(user, door)
  const [asked, setAsked] = useState<readonly SignedIn[]>([])
  const { ending, end } = useEnding(user, door)
  const isShut = error !== null && errorCode(error) === 'unauthorized'
  useEffect(() => {
    if (isShut) onEnded()
  }, [isShut, onEnded])

  if (!data && error && !isFetching)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('sessions.failed')}
        action={<Button onClick={() => void refetch()}>{t('common.retry')}</Button>}
      >
        {t(errorTextKey(errorCode(error)))}
      </ErrorState>
    )
  const others = data?.filter(({ isHere }) => !isHere) ?? []
  const [first] = asked
  const isAll = asked.length > 1
  const name = first ? clientName(t, first, clientId) : ''
  return (
    <section className="card p-5 sm:p-7">
      <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 className="text-lg">{t('sessions.title')}</h2>
        {data ? (
          <p className="text-sm text-mute">{t('sessions.count', { count: data.length })}</p>
        ) : null}
      </div>
      <p className="text-sm text-mute">{t('sessions.text')}</p>
      {data && error ? (
        <p role="status" className="mt-3 text-sm font-medium text-warn">
          {t('sessions.stale')}
        </p>
      ) : null}
      {data ? (
        <ul aria-label={t('sessions.list')} className="mt-2 divide-y">
          {data.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              name={clientName(t, session, clientId)}
              isEnding={ending.has(session.id)}
              onEnd={() => setAsked([session])}
            />
          ))}
        </ul>
      ) : (
        <Skeleton className="mt-4 h-64 rounded-md" />
      )}
      {data && others.length === 0 ? (
        <p className="border-t pt-4 text-sm text-mute">{t('sessions.alone')}</p>
      ) : null}
      {others.length > 1 ? (
        <div className="border-t pt-5">
          <Button look="danger" disabled={ending.size > 0} onClick={() => setAsked(others)}>
            {t('sessions.endAll')}
          </Button>
        </div>
      ) : null}
      {data ? (
        <p className="border-t pt-4 mt-5 text-sm text-mute">
          {t('sessions.keysText')}{' '}
          <Link
            href="/settings/keys"
            className="font-semibold text-fg underline underline-offset-4"
          >
            {t('sessions.keys')}
          </Link>
        </p>
      ) : null}
      {first ? (
        <ConfirmDialog
          danger
          title={isAll ? t('sessions.endAllTitle') : t('sessions.endTitle', { name })}
          text={isAll ? t('sessions.endAllText', { count: asked.length }) : t('sessions.endText')}
          confirm={t(isAll ? 'sessions.endAll' : 'sessions.end')}
          onConfirm={() =>
            void end(asked, isAll ? t('sessions.endedAll') : t('sessions.ended', { name }))
          }
          onClose={() => setAsked([])}
        />
      ) : null}
    </section>
  )
}

/** Ends sessions one after another, and says how it went. */
function useEnding(user: string, door: SessionsDoor) {
  const t = useT()
  const client = useQueryClient()
  const [ending, setEnding] = useState<ReadonlySet<string>>(new Set())

  async function end(sessions: readonly SignedIn[], done: string) {
    setEnding(new Set(sessions.map(({ id }) => id)))
    let failed = 0
    for (const { id } of sessions) {
      try {
        await door.end(id)
      } catch {
        failed += 1
      }
    }
    await client.invalidateQueries({ queryKey: sessionsKey(user) })
    setEnding(new Set())
    if (failed > 0) showToast('bad', t('sessions.notEnded', { count: failed }))
    else showToast('good', done)
  }
  return { ending, end }
}
