'use client'

import { CloudOff, VolumeX } from 'lucide-react'
import Link from 'next/link'
import { OfflineState } from '../../components/offline-state.tsx'
import { UserAvatar } from '../../components/user-avatar.tsx'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { useMutes, useUser } from '../../state/queries/user.ts'
import { shortKey } from '../../state/views.ts'
import { Button } from '../../ui/button.tsx'
import { UserSkeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'

/** Whom the person mutes, with the way back. */
export function MutedPeople() {
  const t = useT()
  const { muted, query } = useMutes()
  if (muted.size === 0 && !query.data) {
    if (query.isPaused) return <OfflineState />
    if (query.isPending)
      return (
        <div role="status" aria-label={t('common.loading')} className="card px-4 py-3 sm:px-6">
          <UserSkeleton />
          <UserSkeleton />
        </div>
      )
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('settings.mutedFailed')}
        action={<Button onClick={() => void query.refetch()}>{t('common.retry')}</Button>}
      >
        {t('settings.mutedFailedText')}
      </ErrorState>
    )
  }
  if (muted.size === 0)
    return (
      <EmptyState icon={<VolumeX size={28} aria-hidden />} title={t('settings.mutedEmpty')}>
        {t('settings.mutedEmptyText')}
      </EmptyState>
    )
  return (
    <ul aria-label={t('settings.muted')} className="card divide-y px-4 py-2 sm:px-6">
      {[...muted].map((user) => (
        <MutedRow key={user} userId={user} />
      ))}
    </ul>
  )
}

function MutedRow({ userId }: { userId: string }) {
  const t = useT()
  const { user } = useUser(userId)
  const { mute } = useActions()
  const name = user?.details.name ?? shortKey(userId)
  return (
    <li className="flex items-center gap-3 py-3">
      <Link
        href={`/profile/${userId}`}
        prefetch={false}
        className="flex min-w-0 grow items-center gap-3"
      >
        <UserAvatar userId={userId} size={40} />
        <span className="truncate font-semibold" dir="auto">
          {name}
        </span>
      </Link>
      <Button
        size="sm"
        look="outline"
        aria-label={t('settings.unmuteName', { name })}
        onClick={() => mute(userId, false)}
      >
        {t('settings.unmute')}
      </Button>
    </li>
  )
}
