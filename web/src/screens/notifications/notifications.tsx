'use client'

import { useQueryClient } from '@tanstack/react-query'
import {
  AtSign,
  Bell,
  CloudOff,
  MessageCircle,
  Pencil,
  Repeat2,
  Tag,
  Trash2,
  UserPlus,
  Users,
} from 'lucide-react'
import Link from 'next/link'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { ListEnd } from '../../components/list-end.tsx'
import { OfflineState } from '../../components/offline-state.tsx'
import { previewText } from '../../components/preview-text.ts'
import { Time } from '../../components/time.tsx'
import { UserAvatar } from '../../components/user-avatar.tsx'
import { useT } from '../../i18n/client.tsx'
import { useActions } from '../../state/actions.ts'
import { useLive } from '../../state/live/live.tsx'
import { useNotifications } from '../../state/queries/notifications.ts'
import { usePost } from '../../state/queries/post.ts'
import { useUnread } from '../../state/queries/unread.ts'
import { useMuted, useUser } from '../../state/queries/user.ts'
import { keyOfUri, type PostKeyText, shortKey, splitKey } from '../../state/views.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { Choices } from '../../ui/segmented.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { EmptyState, ErrorState } from '../../ui/states.tsx'
import { tagStyle } from '../../ui/tag-colour.ts'
import { groupNotices, type NoticeGroup, type ShownType } from './group.ts'

const icon = { size: 17, 'aria-hidden': true } as const
const ICONS: Record<ShownType, ReactNode> = {
  follow: <UserPlus {...icon} />,
  new_friend: <Users {...icon} />,
  tag_post: <Tag {...icon} />,
  tag_profile: <Tag {...icon} />,
  reply: <MessageCircle {...icon} />,
  repost: <Repeat2 {...icon} />,
  mention: <AtSign {...icon} />,
  post_deleted: <Trash2 {...icon} />,
  post_edited: <Pencil {...icon} />,
}

type Filter = 'all' | 'talk' | 'people'
const KINDS: Record<Exclude<Filter, 'all'>, readonly ShownType[]> = {
  talk: ['reply', 'mention', 'repost'],
  people: ['follow', 'new_friend'],
}
/** What is on the screen for so long was seen. */
const SEEN_MS = 1200
const MOST_FACES = 5

/** What happened to the person's posts and profile. */
export function Notifications() {
  const t = useT()
  const list = useNotifications()
  const muted = useMuted()
  const client = useQueryClient()
  const [filter, setFilter] = useState<Filter>('all')
  const newOnes = useMarkRead(list.data?.pages[0]?.items[0]?.timestamp)

  useLive({ source: 'none' }, (event) => {
    if (event.type === 'notification' || event.type === 'reset')
      void client.invalidateQueries({ queryKey: ['notifications'] })
  })

  if (list.isPending && list.isPaused) return <OfflineState />
  if (list.isPending)
    return (
      <div role="status" aria-label={t('common.loading')} className="grid gap-3">
        <Skeleton className="h-20 rounded-lg" />
        <Skeleton className="h-20 rounded-lg" />
        <Skeleton className="h-20 rounded-lg" />
      </div>
    )
  if (list.isError && !list.data)
    return (
      <ErrorState
        icon={<CloudOff size={28} aria-hidden />}
        title={t('notices.errorTitle')}
        action={<Button onClick={() => void list.refetch()}>{t('common.retry')}</Button>}
      >
        {t('notices.errorText')}
      </ErrorState>
    )
  const groups = groupNotices(list.data.pages.flatMap(({ items }) => items))
    .map((group) => ({ ...group, actors: group.actors.filter((actor) => !muted.has(actor)) }))
    .filter(
      ({ actors, type }) => actors.length > 0 && (filter === 'all' || KINDS[filter].includes(type)),
    )
  return (
    <section aria-label={t('notices.title')}>
      <div className="mb-4">
        <Choices
          row
          label={t('notices.filter')}
          value={filter}
          onChange={setFilter}
          choices={[
            { value: 'all', label: t('notices.filterAll') },
            { value: 'talk', label: t('notices.filterTalk') },
            { value: 'people', label: t('notices.filterPeople') },
          ]}
        />
      </div>
      {groups.length === 0 ? (
        <EmptyState
          icon={<Bell size={28} aria-hidden />}
          title={t('notices.empty')}
          action={
            <Link href="/who-to-follow" className={buttonClass('outline')}>
              {t('common.whoToFollow')}
            </Link>
          }
        >
          {t('notices.emptyText')}
        </EmptyState>
      ) : (
        <ol className="card divide-y overflow-hidden">
          {groups.map((group) => (
            <li key={group.id}>
              <NoticeLine group={group} isNew={group.atMs > newOnes} />
            </li>
          ))}
        </ol>
      )}
      <ListEnd list={list} more={t('notices.more')} error={t('notices.errorTitle')} />
    </section>
  )
}

/**
 * Remembers what was new when the list was opened, and says that it is read once it was on the screen.
 * Returns the time after which entries are shown as new.
 */
function useMarkRead(newest: number | undefined): number {
  const { markRead } = useActions()
  const client = useQueryClient()
  const unread = useUnread()
  const [since, setSince] = useState(Number.POSITIVE_INFINITY)
  const marked = useRef(0)
  useEffect(() => {
    if (newest === undefined || unread === 0 || newest <= marked.current) return
    setSince((now) => Math.min(now, marked.current === 0 ? newest - 1 : marked.current))
    const timer = setTimeout(() => {
      if (document.visibilityState !== 'visible') return
      marked.current = newest
      markRead(Math.max(Date.now(), newest))
      client.setQueryData(['unread'], 0)
    }, SEEN_MS)
    return () => clearTimeout(timer)
  }, [newest, unread, markRead, client])
  return since
}

function Name({ user }: { user: string }) {
  const { user: view } = useUser(user)
  return (
    <span dir="auto" className="font-semibold text-fg">
      {view?.details.name ?? shortKey(user)}
    </span>
  )
}

function useNames(actors: readonly string[]): string {
  const t = useT()
  const { user: first } = useUser(actors[0] ?? '')
  const { user: second } = useUser(actors[1] ?? '')
  const name = first?.details.name ?? shortKey(actors[0] ?? '')
  if (actors.length === 1) return name
  if (actors.length === 2)
    return t('notices.two', {
      first: name,
      second: second?.details.name ?? shortKey(actors[1] ?? ''),
    })
  return t('notices.andOthers', { name, count: actors.length - 1 })
}

function NoticeLine({
  group,
  isNew,
}: {
  group: NoticeGroup & { type: ShownType }
  isNew: boolean
}) {
  const t = useT()
  const { type, actors, label, atMs } = group
  const who = useNames(actors)
  const key = keyOfUri(group.post)
  const [author, id] = key ? splitKey(key) : ['', '']
  const href = key
    ? `/post/${author}/${id}`
    : type === 'tag_profile'
      ? '/profile/tagged'
      : `/profile/${actors[0]}`
  const sentence = t(`notices.${type}`, { who, label: label ?? '' })
  return (
    <Link
      href={href}
      prefetch={false}
      aria-label={isNew ? `${t('notices.unread')}: ${sentence}` : sentence}
      className={cx(
        'flex gap-4 p-4 transition-colors hover:bg-raised sm:px-6',
        isNew && 'bg-brand-veil',
      )}
    >
      <span className="mt-1 grid size-8 shrink-0 place-items-center rounded-full bg-raised text-brand-text">
        {ICONS[type]}
      </span>
      <span className="min-w-0 grow">
        <span className="flex items-center gap-1.5">
          {actors.slice(0, MOST_FACES).map((actor) => (
            <UserAvatar key={actor} userId={actor} size={28} />
          ))}
          <span className="ms-auto shrink-0 ps-2 text-xs text-mute">
            <Time atMs={atMs} />
          </span>
        </span>
        <span className="mt-1.5 block text-sm text-soft">
          {actors.length === 1 ? (
            <Sentence type={type} actor={actors[0] ?? ''} label={label} />
          ) : (
            sentence
          )}
        </span>
        {key ? <Preview postKey={key} /> : null}
      </span>
    </Link>
  )
}

/** The sentence with the name in bold and the tag in its colour. */
function Sentence({
  type,
  actor,
  label,
}: {
  type: ShownType
  actor: string
  label: string | null
}) {
  const t = useT()
  // Characters of private use stand for what is not plain text.
  const parts = t(`notices.${type}`, { who: '\uE000', label: '\uE001' }).split(/([\uE000\uE001])/u)
  return parts.map((part) => {
    if (part === '\uE000') return <Name key="who" user={actor} />
    if (part === '\uE001' && label)
      return (
        <span
          key="label"
          style={tagStyle(label)}
          className="tag inline-block rounded-sm px-1.5 font-semibold"
        >
          {label}
        </span>
      )
    return part
  })
}

function Preview({ postKey }: { postKey: PostKeyText }) {
  const { post } = usePost(postKey)
  const text = post && !post.deleted ? previewText(post.details, 140) : ''
  if (text === '') return null
  return (
    <span dir="auto" className="mt-1 line-clamp-2 block text-sm text-mute">
      {text}
    </span>
  )
}
