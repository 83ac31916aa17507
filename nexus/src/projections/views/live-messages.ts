import type { LogMessage, PostPlace } from '../../live/live-event.ts'
import type { Changes } from './changes.ts'
import { unreadOf } from './notice.ts'
import type { CountedPerson } from './recount-people.ts'
import type { CountedPost } from './recount-posts.ts'
import { rowsOf, type Tx } from './sql.ts'

const NOWHERE: PostPlace = { replyTo: null, repostOf: null }

/** A batch with more to say than this says `reset`: whoever listens reads again. */
export const MAX_MESSAGES = 2_000

export interface LiveInputs {
  changes: Changes
  posts: readonly CountedPost[]
  people: readonly CountedPerson[]
  recipients: readonly string[]
}

/** What open pages are told of a batch whose rows are written. */
export async function liveMessages(tx: Tx, o: LiveInputs): Promise<LogMessage[]> {
  const fresh = o.posts.filter((p) => p.visible && !p.was_visible && !p.deleted)
  const tagged = fresh.filter((p) => p.tags > 0).map((p) => p.key)
  const told = [...new Set([...o.recipients, ...o.changes.unread])]
  const [labels, unread] = await Promise.all([labelsOf(tx, tagged), unreadOf(tx, told)])
  const messages: LogMessage[] = [{ type: 'changed', keys: changedKeys(o.changes) }]
  for (const edge of o.changes.edges) messages.push({ type: 'edge', ...edge })
  for (const post of o.posts) messages.push(...postMessages(post, o.changes, labels))
  const rows = new Set(o.posts.map(({ key }) => key))
  for (const key of o.changes.gone)
    if (!rows.has(key)) messages.push({ type: 'post_removed', key, place: NOWHERE })
  for (const { id: key, counts } of o.people)
    messages.push({ type: 'counts', key, counts, place: null })
  for (const { id: user, unread: count } of unread)
    messages.push({ type: 'notification', user, unread: count })
  if (messages.length === 1 && changedKeys(o.changes).length === 0) return []
  return messages.length > MAX_MESSAGES ? [{ type: 'reset' }] : messages
}

function changedKeys({ touched, people }: Changes): string[] {
  const groups = Object.values(touched.people)
  const counted = groups.flatMap((group) => [...group])
  return [...new Set([...touched.posts, ...people, ...touched.sums.keys(), ...counted])]
}

function postMessages(
  post: CountedPost,
  changes: Changes,
  labels: ReadonlyMap<string, string[]>,
): LogMessage[] {
  const { key, parent_key: replyTo, repost_key: repostOf } = post
  const place: PostPlace = { replyTo, repostOf }
  if (!post.visible) return post.was_visible ? [{ type: 'post_removed', key, place }] : []
  const { tags, unique_tags, replies, reposts } = post
  if (!post.was_visible && !post.deleted) {
    const { author } = post
    const indexedAt = Number(post.indexed_at)
    const all = labels.get(key) ?? []
    return [{ type: 'post', key, author, replyTo, repostOf, labels: all, indexedAt }]
  }
  const messages: LogMessage[] = []
  if (!post.was_visible || changes.views.has(key))
    messages.push({ type: 'post_changed', key, place })
  if (post.counts_changed)
    messages.push({ type: 'counts', key, counts: { tags, unique_tags, replies, reposts }, place })
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
