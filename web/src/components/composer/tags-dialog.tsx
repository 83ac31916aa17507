'use client'

import Link from 'next/link'
import { useT } from '../../i18n/client.tsx'
import { usePost } from '../../state/queries/post.ts'
import type { PostKeyText } from '../../state/views.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { PostTags } from '../post-card/post-tags.tsx'
import { UserAvatar } from '../user-avatar.tsx'

/** Every tag of a post, with the people behind each. */
export function TagsDialog({ target, onClose }: { target: PostKeyText; onClose: () => void }) {
  const t = useT()
  const { post } = usePost(target)
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
              onClick={onClose}
              className="truncate font-semibold hover:underline"
              dir="auto"
            >
              #{tag.label}
            </Link>
            <span className="flex items-center -space-x-2 rtl:space-x-reverse">
              {tag.taggers.slice(0, 5).map((tagger) => (
                <Link key={tagger} href={`/profile/${tagger}`} prefetch={false} aria-label={tagger}>
                  <UserAvatar userId={tagger} size={28} className="ring-2 ring-surface" />
                </Link>
              ))}
              <span className="ps-4 text-mute tabular-nums">{tag.taggers_count}</span>
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
