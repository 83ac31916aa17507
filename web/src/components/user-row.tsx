'use client'

import Link from 'next/link'
import { useT } from '../i18n/client.tsx'
import { useActions } from '../state/actions.ts'
import { useUser } from '../state/queries/user.ts'
import { useViewer } from '../state/session/viewer.tsx'
import { shortKey } from '../state/views.ts'
import { Button } from '../ui/button.tsx'
import { UserAvatar } from './user-avatar.tsx'

/** Follows or unfollows a person; absent for oneself. */
export function FollowButton({ userId, size = 'sm' }: { userId: string; size?: 'sm' | 'md' }) {
  const t = useT()
  const { id: viewer } = useViewer()
  const { user } = useUser(userId)
  const { follow } = useActions()
  if (userId === viewer || !user) return null
  const { following } = user.relationship
  const name = user.details.name
  return (
    <Button
      size={size}
      look={following ? 'outline' : 'solid'}
      aria-pressed={following}
      aria-label={t(following ? 'common.unfollowName' : 'common.followName', { name })}
      onClick={() => follow(userId, !following)}
    >
      {t(following ? 'common.following' : 'common.follow')}
    </Button>
  )
}

/** A person in a list: picture, name, key, follow button. */
export function UserRow({ userId }: { userId: string }) {
  const { user } = useUser(userId)
  return (
    <div className="flex items-center gap-3 py-2">
      <Link
        href={`/profile/${userId}`}
        prefetch={false}
        className="flex min-w-0 grow items-center gap-3"
      >
        <UserAvatar userId={userId} size={40} />
        <span className="min-w-0">
          <span className="block truncate text-sm font-semibold" dir="auto">
            {user?.details.name ?? shortKey(userId)}
          </span>
          <span className="block truncate text-xs text-mute">
            <span className="key">{shortKey(userId)}</span>
          </span>
        </span>
      </Link>
      <FollowButton userId={userId} />
    </div>
  )
}
