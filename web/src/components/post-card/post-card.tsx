'use client'

import { Repeat2 } from 'lucide-react'
import Link from 'next/link'
import { memo } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { repostOf } from '../../state/outbox/overlay.ts'
import { usePost } from '../../state/queries/post.ts'
import { useUser } from '../../state/queries/user.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { canEdit, keyOfPost, type PostKeyText, type PostView, splitKey } from '../../state/views.ts'
import { Button } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { PostSkeleton } from '../../ui/skeleton.tsx'
import { DeletedPost, MissingPost } from './absent-post.tsx'
import { EmbeddedPost } from './embedded-post.tsx'
import { PostActions } from './post-actions.tsx'
import { PostBody } from './post-body.tsx'
import { PostHeader } from './post-header.tsx'
import { PostTags } from './post-tags.tsx'
import { SendState } from './send-state.tsx'

interface PostCardProps {
  postKey: PostKeyText
  /** The whole text and larger type, as on the post's own page. */
  full?: boolean
  /** Place in the feed, from 1, for screen readers. */
  position?: number
}

/** A post by its key. Loads what is missing and shows unsent changes. */
export const PostCard = memo(function PostCard({ postKey, full, position }: PostCardProps) {
  const shown = usePost(postKey)
  if (shown.status === 'pending' || shown.post === undefined)
    return shown.status === 'error' ? <MissingPost onRetry={shown.retry} /> : <PostSkeleton />
  if (shown.post === null) return <MissingPost onRetry={shown.retry} />
  const original = repostOf(shown.post)
  const isPlainRepost = original !== null && shown.post.details.content === ''
  if (isPlainRepost && !shown.post.deleted)
    return (
      <Repost view={shown.post} original={original} position={position}>
        <SendState shown={shown} wordless />
      </Repost>
    )
  return (
    <PostArticle view={shown.post} full={full} position={position} sending={shown.sending !== null}>
      <SendState shown={shown} />
    </PostArticle>
  )
})

interface RepostProps {
  view: PostView
  original: PostKeyText
  position?: number | undefined
  children: React.ReactNode
}

/** A repost without words of its own: a line that says who, above the original. */
function Repost({ view, original, position, children }: RepostProps) {
  const t = useT()
  const { id: viewer } = useViewer()
  const { remove } = useActions()
  const { author } = view.details
  const { user } = useUser(author)
  const { post, status, retry } = usePost(original)
  const own = author === viewer
  return (
    // The line belongs to the post: a feed holds nothing but articles.
    <article aria-posinset={position} aria-setsize={position === undefined ? undefined : -1}>
      <div className="mb-1.5 flex h-7 items-center gap-2 px-3 text-xs font-medium text-mute">
        <Repeat2 size={15} aria-hidden />
        {own ? (
          t('post.youReposted')
        ) : (
          <Link href={`/profile/${author}`} prefetch={false} className="hover:text-fg">
            {t('post.repostedBy', { name: user?.details.name ?? '…' })}
          </Link>
        )}
        {own ? (
          <Button
            look="quiet"
            size="sm"
            className="h-6 px-2 text-xs"
            onClick={() => remove(view, null, original)}
          >
            {t('post.undoRepost')}
          </Button>
        ) : null}
      </div>
      <div className="px-3 not-empty:pb-3 *:mt-0">{children}</div>
      {post ? (
        <PostArticle view={post} />
      ) : post === null ? (
        <MissingPost onRetry={retry} />
      ) : status === 'error' ? (
        <MissingPost onRetry={retry} />
      ) : (
        <PostSkeleton />
      )}
    </article>
  )
}

interface PostArticleProps {
  view: PostView
  full?: boolean | undefined
  position?: number | undefined
  sending?: boolean
  children?: React.ReactNode
}

function PostArticle({ view, full, position, sending = false, children }: PostArticleProps) {
  const key = keyOfPost(view)
  const [author, id] = splitKey(key)
  const { id: viewer } = useViewer()
  const embedded = repostOf(view)
  const labelId = `post-${id}-by`
  if (view.deleted) return <DeletedPost postKey={key} position={position} />
  return (
    <article
      id={`post-${id}`}
      data-post={key}
      data-editable={(canEdit(view, viewer) && !sending) || undefined}
      tabIndex={position === undefined ? undefined : 0}
      aria-labelledby={labelId}
      aria-posinset={position}
      aria-setsize={position === undefined ? undefined : -1}
      className={cx('card p-4 sm:p-6', full ? 'sm:p-7' : 'cursor-pointer')}
    >
      <PostHeader view={view} nameId={labelId} sending={sending} />
      <div className={cx('mt-3.5', full ? 'text-lg' : 'text-base')}>
        <PostBody view={view} full={full} href={`/post/${author}/${id}`} />
      </div>
      {embedded ? <EmbeddedPost postKey={embedded} /> : null}
      {children}
      <div className="mt-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <PostTags target={key} tags={view.tags} />
        <PostActions view={view} />
      </div>
    </article>
  )
}
