'use client'

import Link from 'next/link'
import { useUser } from '../../state/queries/user.ts'
import { type PostView, shortKey } from '../../state/views.ts'
import { Time } from '../time.tsx'
import { UserAvatar } from '../user-avatar.tsx'
import { PostMenu } from './post-menu.tsx'
import { Shield } from './shield.tsx'

interface PostHeaderProps {
  view: PostView
  nameId: string
  sending: boolean
}

export function PostHeader({ view, nameId, sending }: PostHeaderProps) {
  const { author, id, indexed_at } = view.details
  const { user } = useUser(author)
  const name = user?.details.name ?? shortKey(author)
  return (
    <header className="flex flex-wrap items-start gap-3">
      <Link
        href={`/profile/${author}`}
        prefetch={false}
        tabIndex={-1}
        aria-hidden
        className="shrink-0 rounded-full"
      >
        <UserAvatar userId={author} size={44} />
      </Link>
      <div className="min-w-0 grow basis-0">
        <div className="flex items-baseline gap-2">
          <Link
            id={nameId}
            href={`/profile/${author}`}
            prefetch={false}
            dir="auto"
            className="truncate font-semibold tracking-[-0.01em] hover:underline"
          >
            {name}
          </Link>
          <Link
            href={`/post/${author}/${id}`}
            prefetch={false}
            className="touch inline-block min-w-6 shrink-0 text-xs leading-6 text-mute hover:text-fg hover:underline"
          >
            <Time atMs={indexed_at} />
          </Link>
        </div>
        <p className="truncate text-xs text-mute">
          <span className="key">{shortKey(author)}</span>
        </p>
      </div>
      <Shield kind="post" view={view} />
      <PostMenu
        view={view}
        authorName={name}
        following={user?.relationship.following ?? false}
        sending={sending}
      />
    </header>
  )
}
