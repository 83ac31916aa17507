'use client'

import { CloudOff, Users } from 'lucide-react'
import { Columns } from '../../components/shell/columns.tsx'
import { UserRow } from '../../components/user-row.tsx'
import { useT } from '../../i18n/client.tsx'
import { type PeopleSource, usePeople } from '../../state/queries/side.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { Button } from '../../ui/button.tsx'
import { UserSkeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'

const MOST = 50
const SKELETONS = ['a', 'b', 'c', 'd', 'e', 'f']

/** A list of people with all its states. */
export function PeopleList({ source, userId }: { source: PeopleSource; userId?: string }) {
  const t = useT()
  const people = usePeople(source, userId ? { userId, limit: MOST } : { limit: MOST })
  if (people.isPending)
    return (
      <div role="status" aria-label={t('common.loading')} className="card p-4 sm:px-6">
        {SKELETONS.map((name) => (
          <UserSkeleton key={name} />
        ))}
      </div>
    )
  if (people.isError)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('lists.errorTitle')}
        action={<Button onClick={() => void people.refetch()}>{t('common.retry')}</Button>}
      >
        {t('lists.errorText')}
      </ErrorState>
    )
  if (people.data.length === 0)
    return (
      <EmptyState icon={<Users size={28} aria-hidden />} title={t('lists.whoEmpty')}>
        {t('lists.whoEmptyText')}
      </EmptyState>
    )
  return (
    <ul className="card divide-y px-4 py-2 sm:px-6">
      {people.data.map((user) => (
        <li key={user} className="py-1">
          <UserRow userId={user} />
        </li>
      ))}
    </ul>
  )
}

/** People two or three follows away, and those whom most follow. */
export function WhoToFollow() {
  const t = useT()
  const { id: viewer } = useViewer()
  return (
    <Columns>
      <h1 className="mb-4 text-xl">{t('lists.whoTitle')}</h1>
      {viewer ? <PeopleList source="recommended" userId={viewer} /> : null}
      <h2 className="mt-8 mb-3 text-lg">{t('lists.mostFollowed')}</h2>
      <PeopleList source="most_followed" />
    </Columns>
  )
}
