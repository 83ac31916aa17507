'use client'

import Link from 'next/link'
import { useT } from '../../i18n/client.tsx'
import { usePost } from '../../state/queries/post.ts'
import { useUser } from '../../state/queries/user.ts'
import { type PostKeyText, shortKey } from '../../state/views.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { PostTags } from '../post-card/post-tags.tsx'
import { UserAvatar } from '../user-avatar.tsx'
import { useLeave } from './use-leave.ts'

/** Every tag of a post, with the people behind each. */
export function TagsDialog({ target, onClose }: { target: PostKeyText; onClose: () => void }) {
  const t = useT()
  const { post } = usePost(target)
  useLeave(onClose)
  const tags = post?.tags ?? []
  return (
    <Dialog open onClose={onClose} title={t('composer.tags')}>
      <PostTags target={target} tags={tags} most={20} />
      <ul className="mt-6 grid gap-3">
        {tags.map((tag) => (
          <li key={tag.label} className="flex items-center justify-between gap-4 text-sm">
            <Link
              href={`/search?tags=${encodeURIComponent(tag.label)}`}
              prefetch={false}
              className="truncate font-semibold hover:underline"
              dir="auto"
            >
              #{tag.label}
            </Link>
            <span className="flex items-center -space-x-2 rtl:space-x-reverse">
              {tag.taggers.slice(0, 5).map((tagger) => (
                <Face key={tagger} user={tagger} />
              ))}
              <span className="ps-4 text-mute tabular-nums">{tag.taggers_count}</span>
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

function Face({ user }: { user: string }) {
  const name = useUser(user).user?.details.name ?? shortKey(user)
  return (
    <Link href={`/profile/${user}`} prefetch={false} aria-label={name}>
      <UserAvatar userId={user} size={28} className="ring-2 ring-surface" />
    </Link>
  )
}
