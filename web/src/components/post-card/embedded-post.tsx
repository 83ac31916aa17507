'use client'

import Link from 'next/link'
import { useT } from '../../i18n/client.tsx'
import { usePost } from '../../state/queries/post.ts'
import { useMuted, useUser } from '../../state/queries/user.ts'
import { type PostKeyText, shortKey, splitKey } from '../../state/views.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Time } from '../time.tsx'
import { UserAvatar } from '../user-avatar.tsx'
import { PostBody } from './post-body.tsx'
import { Shield } from './shield.tsx'

/** A quoted post in its own small frame. */
export function EmbeddedPost({ postKey }: { postKey: PostKeyText }) {
  const t = useT()
  const [author, id] = splitKey(postKey)
  const { post, status } = usePost(postKey)
  const { user } = useUser(author)
  const frame = 'mt-4 rounded-md border bg-bg/40 p-4 text-sm'
  const isMuted = useMuted().has(author)
  if (!post && status === 'pending') return <Skeleton className="mt-4 h-24 rounded-md" />
  if (!post || post.deleted || isMuted)
    return (
      <p className={`${frame} border-dashed text-mute`}>
        {t(isMuted ? 'post.muted' : post?.deleted ? 'post.deleted' : 'post.missing')}
      </p>
    )
  return (
    <section data-quoted={postKey} className={frame}>
      <div className="mb-2 flex items-center gap-2">
        <UserAvatar userId={author} size={24} />
        <Link
          href={`/profile/${author}`}
          prefetch={false}
          className="truncate font-semibold hover:underline"
          dir="auto"
        >
          {user?.details.name ?? shortKey(author)}
        </Link>
        <Link
          href={`/post/${author}/${id}`}
          prefetch={false}
          className="shrink-0 text-xs text-mute hover:underline"
        >
          <Time atMs={post.details.indexed_at} />
        </Link>
      </div>
      <div className="mb-2 flex empty:hidden">
        <Shield kind="post" view={post} onlyBad />
      </div>
      <PostBody view={post} href={`/post/${author}/${id}`} />
    </section>
  )
}
