import type { Changes } from './changes.ts'
import { unreadOf } from './notice.ts'
import type { CountedPost } from './recount-posts.ts'
import { rowsOf, type Tx } from './sql.ts'

/** A message of the live log: a `LiveEvent`, or a follow for the fan-out alone. */
export type LiveMessage =
  | {
      type: 'post'
      key: string
      author: string
      replyTo: string | null
      repostOf: string | null
      labels: string[]
      indexedAt: number
    }
  | { type: 'post_changed' | 'post_removed'; key: string }
  | { type: 'counts'; key: string; counts: Record<string, number> }
  | { type: 'notification'; user: string; unread: number }
  | { type: 'reset' }
  | { type: 'follow' | 'unfollow'; from: string; to: string }

/** A batch with more to say than this says `reset`: whoever listens reads again. */
export const MAX_MESSAGES = 2_000
/** Positions of the live log that are kept. */
export const LIVE_WINDOW = 10_000

export interface LiveInputs {
  changes: Changes
  posts: readonly CountedPost[]
  people: readonly string[]
  recipients: readonly string[]
}

/** What open pages are told of a batch whose rows are written. */
export async function liveMessages(tx: Tx, o: LiveInputs): Promise<LiveMessage[]> {
  const fresh = o.posts.filter((p) => p.visible && !p.was_visible && !p.deleted)
  const labels = await labelsOf(
    tx,
    fresh.filter((p) => p.tags > 0).map((p) => p.key),
  )
  const messages: LiveMessage[] = o.changes.follows.map(({ from, to, isNew }) => ({
    type: isNew ? 'follow' : 'unfollow',
    from,
    to,
  }))
  for (const post of o.posts) messages.push(...postMessages(post, o.changes, labels))
  const rows = new Set(o.posts.map(({ key }) => key))
  for (const key of o.changes.gone) if (!rows.has(key)) messages.push({ type: 'post_removed', key })
  for (const { user_id: key, ...counts } of await countsOf(tx, o.people))
    messages.push({ type: 'counts', key, counts })
  const told = [...new Set([...o.recipients, ...o.changes.unread])]
  for (const { id: user, unread } of await unreadOf(tx, told))
    messages.push({ type: 'notification', user, unread })
  return messages.length > MAX_MESSAGES ? [{ type: 'reset' }] : messages
}

function postMessages(
  post: CountedPost,
  changes: Changes,
  labels: ReadonlyMap<string, string[]>,
): LiveMessage[] {
  const { key } = post
  if (!post.visible) return post.was_visible ? [{ type: 'post_removed', key }] : []
  const { tags, unique_tags, replies, reposts } = post
  if (!post.was_visible && !post.deleted) {
    const { author, parent_key: replyTo, repost_key: repostOf } = post
    const indexedAt = Number(post.indexed_at)
    const all = labels.get(key) ?? []
    return [{ type: 'post', key, author, replyTo, repostOf, labels: all, indexedAt }]
  }
  const messages: LiveMessage[] = []
  if (!post.was_visible || changes.views.has(key)) messages.push({ type: 'post_changed', key })
  if (post.counts_changed)
    messages.push({ type: 'counts', key, counts: { tags, unique_tags, replies, reposts } })
  return messages
}

const LABELS = `select post_key, array_agg(label order by taggers desc, label desc) as labels
  from post_labels where post_key = any($1::text[]) group by post_key`

async function labelsOf(tx: Tx, keys: readonly string[]): Promise<Map<string, string[]>> {
  if (keys.length === 0) return new Map()
  const rows = await rowsOf<{ post_key: string; labels: string[] }>(tx, 'live_labels', LABELS, [
    keys,
  ])
  return new Map(rows.map(({ post_key, labels }) => [post_key, labels]))
}

const COUNTS = `select user_id, tagged, tags, unique_tags, posts, replies, collections, following,
    followers, friends, bookmarks
  from user_counts where user_id = any($1::text[])`

type UserCountsRow = { user_id: string } & Record<string, number>

async function countsOf(tx: Tx, people: readonly string[]): Promise<UserCountsRow[]> {
  if (people.length === 0) return []
  const rows = await rowsOf<{ user_id: string }>(tx, 'live_counts', COUNTS, [people])
  return rows as UserCountsRow[]
}

const APPEND = `with added as (
    insert into live_log (position, ordinal, message)
    select $1::bigint, m.ordinal::int, m.message
    from jsonb_array_elements($2::jsonb) with ordinality as m (message, ordinal)
    on conflict do nothing
  ), trimmed as (
    delete from live_log where position <= $1::bigint - ${LIVE_WINDOW}
  )
  select pg_notify('live', $1::text)`

/** Appends the messages and wakes whoever listens on channel `live`, once. */
export async function appendLive(
  tx: Tx,
  position: bigint,
  messages: readonly LiveMessage[],
): Promise<void> {
  if (messages.length === 0) return
  await rowsOf(tx, 'append_live', APPEND, [String(position), JSON.stringify(messages)])
}
