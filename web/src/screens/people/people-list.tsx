'use client'

import { CloudOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { ListEnd } from '../../components/list-end.tsx'
import { OfflineState } from '../../components/offline-state.tsx'
import { UserRow } from '../../components/user-row.tsx'
import { useT } from '../../i18n/client.tsx'
import { usePeoplePages } from '../../state/queries/people-pages.ts'
import type { PeopleSource } from '../../state/queries/side.ts'
import { Button } from '../../ui/button.tsx'
import { UserSkeleton } from '../../ui/skeleton.tsx'
import { ErrorState } from '../../ui/states.tsx'

const SKELETONS = ['a', 'b', 'c', 'd', 'e', 'f']

interface PeopleListProps {
  source: PeopleSource
  userId?: string
  /** Name of the list for screen readers. */
  label: string
  empty: ReactNode
}

/** A list of people with all its states. */
export function PeopleList({ source, userId, label, empty }: PeopleListProps) {
  const t = useT()
  const people = usePeoplePages(source, userId)
  if (people.isPending && people.isPaused) return <OfflineState />
  if (people.isPending)
    return (
      <div role="status" aria-label={t('common.loading')} className="card p-4 sm:px-6">
        {SKELETONS.map((name) => (
          <UserSkeleton key={name} />
        ))}
      </div>
    )
  if (people.isError && !people.data)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('lists.errorTitle')}
        action={<Button onClick={() => void people.refetch()}>{t('common.retry')}</Button>}
      >
        {t('lists.errorText')}
      </ErrorState>
    )
  const keys = [...new Set(people.data.pages.flat())]
  if (keys.length === 0) return empty
  return (
    <>
      <ul aria-label={label} className="card divide-y px-4 py-2 sm:px-6">
        {keys.map((user) => (
          <li key={user} className="py-1">
            <UserRow userId={user} />
          </li>
        ))}
      </ul>
      {people.isAtEnd && !people.isError ? null : (
        <ListEnd list={people} more={t('common.showMore')} error={t('lists.errorTitle')} />
      )}
    </>
  )
}
