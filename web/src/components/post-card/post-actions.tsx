'use client'

import { Bookmark, MessageCircle, Repeat2, Tag } from 'lucide-react'
import type { ReactNode } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { keyOfPost, type PostView } from '../../state/views.ts'
import { cx } from '../../ui/cx.ts'
import { useCompose } from '../composer/compose.tsx'

interface ActionProps {
  /** Name for the keyboard. */
  act?: string
  label: string
  count?: number
  pressed?: boolean
  onClick: () => void
  children: ReactNode
}

function Action({ act, label, count, pressed, onClick, children }: ActionProps) {
  return (
    <button
      type="button"
      data-act={act}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      onClick={onClick}
      className={cx(
        'touch flex h-9 items-center gap-1.5 rounded-full px-2.5 text-sm font-medium tabular-nums transition-colors hover:bg-raised',
        pressed ? 'text-brand-text' : 'text-mute hover:text-fg',
      )}
    >
      {children}
      {count === undefined ? null : <span className="min-w-2">{count}</span>}
    </button>
  )
}

/** Tags, replies, reposts, bookmark: numbers and what to do. */
export function PostActions({ view }: { view: PostView }) {
  const t = useT()
  const { bookmark } = useActions()
  const compose = useCompose()
  const key = keyOfPost(view)
  const { tags, replies, reposts } = view.counts
  const kept = view.bookmark !== null
  return (
    <div className="-me-2 ms-auto flex items-center">
      <Action
        label={t('post.tagsAction', { count: tags })}
        count={tags}
        onClick={() => compose({ mode: 'tags', target: key })}
      >
        <Tag size={18} aria-hidden />
      </Action>
      <Action
        act="reply"
        label={t('post.replyAction', { count: replies })}
        count={replies}
        onClick={() => compose({ mode: 'reply', target: key })}
      >
        <MessageCircle size={18} aria-hidden />
      </Action>
      <Action
        act="repost"
        label={t('post.repostAction', { count: reposts })}
        count={reposts}
        onClick={() => compose({ mode: 'repost', target: key })}
      >
        <Repeat2 size={19} aria-hidden />
      </Action>
      <Action
        act="bookmark"
        label={t(kept ? 'post.bookmarkRemove' : 'post.bookmark')}
        pressed={kept}
        onClick={() => bookmark(key, !kept)}
      >
        <Bookmark size={18} aria-hidden fill={kept ? 'currentColor' : 'none'} />
      </Action>
    </div>
  )
}
