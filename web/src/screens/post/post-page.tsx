'use client'

import { CloudOff, MessageCircle, Unlink } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { Composer } from '../../components/composer/composer.tsx'
import { PostCard } from '../../components/post-card/post-card.tsx'
import { PostFeed } from '../../components/post-feed.tsx'
import { Columns } from '../../components/shell/columns.tsx'
import { UserRow } from '../../components/user-row.tsx'
import { useT } from '../../i18n/client.tsx'
import { usePost } from '../../state/queries/post.ts'
import { usePostStream } from '../../state/queries/stream.ts'
import { repliesOf, useAncestors } from '../../state/queries/thread.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { keyOfUri, type PostKeyText, splitKey } from '../../state/views.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { PostSkeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'

const MOST_PARTICIPANTS = 8

/** A post with the conversation above and below it. */
export function PostPage({ postKey }: { postKey: PostKeyText }) {
  const t = useT()
  return (
    <Columns end={<Participants postKey={postKey} />}>
      <h1 className="sr-only">{t('thread.heading')}</h1>
      <Conversation postKey={postKey} />
    </Columns>
  )
}

function Conversation({ postKey }: { postKey: PostKeyText }) {
  const t = useT()
  const shown = usePost(postKey)
  const ancestors = useAncestors(postKey)
  if (shown.post) return <Thread postKey={postKey} ancestors={ancestors.data ?? []} />
  if (shown.status === 'error')
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('thread.errorTitle')}
        action={<Button onClick={shown.retry}>{t('common.retry')}</Button>}
      >
        {t('thread.errorText')}
      </ErrorState>
    )
  if (shown.post === null)
    return (
      <EmptyState
        icon={<Unlink size={28} aria-hidden />}
        title={t('thread.missingTitle')}
        action={
          <>
            <Button onClick={shown.retry}>{t('common.retry')}</Button>
            <a href="/home" className={buttonClass('outline')}>
              {t('common.goHome')}
            </a>
          </>
        }
      >
        {t('thread.missingText')}
      </EmptyState>
    )
  return (
    <div role="status" aria-label={t('common.loading')}>
      <PostSkeleton />
    </div>
  )
}

/** Scrolls to the post itself when posts above it have pushed it down. */
function useFocusOn(ancestors: number) {
  const self = useRef<HTMLDivElement>(null)
  const done = useRef(false)
  useEffect(() => {
    if (done.current || ancestors === 0) return
    done.current = true
    if (scrollY < 200) self.current?.scrollIntoView({ block: 'start' })
  }, [ancestors])
  return self
}

function Thread({ postKey, ancestors }: { postKey: PostKeyText; ancestors: PostKeyText[] }) {
  const t = useT()
  const { id: viewer } = useViewer()
  const { post } = usePost(postKey)
  const self = useFocusOn(ancestors.length)
  const parent = keyOfUri(post?.relationships.replied)
  const gap = parent !== null && ancestors.length === 0
  return (
    <>
      {gap ? <p className="mb-3 px-3 text-sm text-mute">{t('thread.earlierMissing')}</p> : null}
      {ancestors.map((key) => (
        <div key={key} className="relative pb-4">
          <PostCard postKey={key} />
          <span aria-hidden className="absolute start-8 bottom-0 h-4 w-0.5 bg-line sm:start-10" />
        </div>
      ))}
      <div ref={self} className="scroll-mt-20">
        <PostCard postKey={postKey} full />
      </div>
      {viewer && !post?.deleted ? (
        <div className="card my-4 p-4 sm:px-6">
          <Composer mode="reply" target={postKey} collapsible />
        </div>
      ) : (
        <div className="h-4" />
      )}
      <section aria-labelledby="replies">
        <h2 id="replies" className="sr-only">
          {t('thread.repliesLabel')}
        </h2>
        <PostFeed
          stream={repliesOf(postKey)}
          label={t('thread.repliesLabel')}
          empty={
            <EmptyState
              icon={<MessageCircle size={26} aria-hidden />}
              title={t('thread.noReplies')}
            >
              {t(viewer ? 'thread.noRepliesText' : 'thread.noRepliesGuest')}
            </EmptyState>
          }
        />
      </section>
    </>
  )
}

function Participants({ postKey }: { postKey: PostKeyText }) {
  const t = useT()
  const { data: ancestors = [] } = useAncestors(postKey)
  const { keys } = usePostStream(repliesOf(postKey))
  const people = [...new Set([postKey, ...ancestors, ...keys].map((key) => splitKey(key)[0]))]
  return (
    <section>
      <h2 className="mb-2 text-base">{t('thread.participants')}</h2>
      {people.slice(0, MOST_PARTICIPANTS).map((user) => (
        <UserRow key={user} userId={user} />
      ))}
    </section>
  )
}
