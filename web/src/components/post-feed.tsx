'use client'

import { ArrowUp, CloudOff } from 'lucide-react'
import { type ReactNode, type RefObject, useRef } from 'react'
import { useT } from '../i18n/client.tsx'
import {
  MOST_NEWS,
  type PostStream,
  type StreamInput,
  usePostStream,
} from '../state/queries/stream.ts'
import { Button } from '../ui/button.tsx'
import { PostSkeleton } from '../ui/skeleton.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { ErrorState } from '../ui/states.tsx'
import { OfflineState } from './offline-state.tsx'
import { PostCard } from './post-card/post-card.tsx'
import { WindowedList } from './windowed-list.tsx'

interface PostFeedProps {
  stream: StreamInput
  /** Name of the list for screen readers. */
  label: string
  /** What to show when there is nothing. */
  empty: ReactNode
}

/** A list of posts with all its states, endless, with a button for newer ones. */
export function PostFeed({ stream, label, empty }: PostFeedProps) {
  const t = useT()
  const feed = usePostStream(stream)
  const list = useRef<HTMLDivElement>(null)
  if (feed.status === 'pending' && feed.isPaused) return <OfflineState />
  if (feed.status === 'pending')
    return (
      <div role="status" aria-label={t('common.loading')} className="grid gap-4">
        <PostSkeleton />
        <PostSkeleton />
        <PostSkeleton />
      </div>
    )
  if (feed.status === 'error')
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('feed.errorTitle')}
        action={<Button onClick={feed.retry}>{t('common.retry')}</Button>}
      >
        {t('feed.errorText')}
      </ErrorState>
    )
  return (
    <div>
      <NewsButton feed={feed} list={list} />
      {feed.keys.length === 0 ? (
        empty
      ) : (
        <>
          <div
            ref={list}
            role="feed"
            tabIndex={-1}
            aria-label={label}
            aria-busy={feed.loadingMore}
            className="outline-none"
          >
            <WindowedList
              keys={feed.keys}
              estimate={240}
              gap={16}
              onNearEnd={() => {
                if (!feed.loadMoreFailed) feed.loadMore()
              }}
              render={renderCard}
            />
          </div>
          <FeedEnd feed={feed} />
        </>
      )}
    </div>
  )
}

function renderCard(key: string, index: number) {
  return <PostCard postKey={key} position={index + 1} />
}

function FeedEnd({ feed }: { feed: PostStream }) {
  const t = useT()
  if (feed.loadMoreFailed)
    return (
      <div
        role="alert"
        className="flex flex-wrap items-center justify-center gap-3 py-8 text-sm text-mute"
      >
        {t('feed.loadMoreError')}
        <Button look="outline" size="sm" onClick={feed.loadMore}>
          {t('common.retry')}
        </Button>
      </div>
    )
  if (feed.hasMore)
    return (
      <div role="status" className="flex justify-center py-8 text-xl text-brand-text">
        <Spinner />
        <span className="sr-only">{t('feed.loadingMore')}</span>
      </div>
    )
  return <p className="py-10 text-center text-sm text-mute">{t('feed.end')}</p>
}

interface NewsButtonProps {
  feed: PostStream
  list: RefObject<HTMLElement | null>
}

/** Says how many newer posts there are. Nothing moves until it is pressed. */
function NewsButton({ feed, list }: NewsButtonProps) {
  const t = useT()
  const { news } = feed
  const text = news > MOST_NEWS ? t('feed.newPostsMany') : t('feed.newPosts', { count: news })
  return (
    <div className="pointer-events-none sticky top-28 z-20 flex h-0 justify-center">
      <span role="status" className="sr-only">
        {news > 0 ? t('feed.newPostsAnnounce', { count: news }) : ''}
      </span>
      {news > 0 ? (
        <Button
          look="brand"
          size="sm"
          data-act="news"
          className="pointer-events-auto -mt-8 animate-rise shadow-pop"
          icon={<ArrowUp size={16} aria-hidden />}
          onClick={({ currentTarget }) => {
            const hadFocus = document.activeElement === currentTarget
            void feed.showNews().then(() => {
              scrollTo({ top: 0, behavior: 'smooth' })
              // The button goes; the focus stays near.
              if (hadFocus) list.current?.focus({ preventScroll: true })
            })
          }}
        >
          {text}
        </Button>
      ) : null}
    </div>
  )
}
