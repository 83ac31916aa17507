import type { Pool } from 'pg'
import type { Notification } from './views.ts'

interface Row {
  at: string
  position: string
  ordinal: number
  body: { type: string } & Record<string, unknown>
}

export interface NoticeQuery {
  user: string
  limit: number
  skip?: number | undefined
  /** Inclusive bounds of the time, in milliseconds. */
  max?: number | undefined
  min?: number | undefined
  after?: { at: number; position: string; ordinal: number } | undefined
}

export type PlacedNotification = Notification & {
  place: { at: number; position: string; ordinal: number }
}

function typeFirst(body: Row['body']): Row['body'] {
  const { type, ...rest } = body
  return { type, ...rest }
}

/** Newest first; those by people whom the recipient mutes are left out. */
export async function noticesOf(pool: Pool, q: NoticeQuery): Promise<PlacedNotification[]> {
  const { rows } = await pool.query<Row>({
    name: 'notices',
    text: `select n.at, n.position::text, n.ordinal, n.body from notices n
      where n.recipient = $1 and n.at <= $2 and n.at >= $3
        and ($4::bigint is null or (n.at, n.position, n.ordinal) < ($4, $5::bigint, $6::int))
        and not exists (select from mutes m where m.owner = $1 and m.muted = n.actor)
      order by n.at desc, n.position desc, n.ordinal desc offset $7 limit $8`,
    values: [
      q.user,
      Math.floor(q.max ?? Number.MAX_SAFE_INTEGER),
      Math.ceil(q.min ?? 0),
      q.after?.at ?? null,
      q.after?.position ?? null,
      q.after?.ordinal ?? null,
      q.skip ?? 0,
      q.limit,
    ],
  })
  return rows.map(({ at, position, ordinal, body }) => ({
    timestamp: Number(at),
    body: typeFirst(body),
    place: { at: Number(at), position, ordinal },
  }))
}

/** How many are newer than what the person read, as their `last_read` says; at most 1000. */
export async function unreadCount(pool: Pool, user: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>({
    name: 'unread',
    text: `select count(*)::int as count from (
        select from notices n
        where n.recipient = $1
          and n.at > coalesce((select last_read_at from users where id = $1), 0)
          and n.type <> 'lost_friend'
          and not exists (select from mutes m where m.owner = $1 and m.muted = n.actor)
        limit 1000
      ) newer`,
    values: [user],
  })
  return rows[0]?.count ?? 0
}

const ACTORS = [
  'followed_by',
  'unfollowed_by',
  'tagged_by',
  'untagged_by',
  'replied_by',
  'reposted_by',
  'mentioned_by',
  'deleted_by',
  'edited_by',
]

export function actorOf(notification: Notification): string | null {
  for (const name of ACTORS) {
    const actor = notification.body[name]
    if (typeof actor === 'string') return actor
  }
  return null
}

const POSTS = [
  'post_uri',
  'reply_uri',
  'repost_uri',
  'parent_post_uri',
  'embed_uri',
  'edited_uri',
  'linked_uri',
]

export function postsOf(notification: Notification): string[] {
  return POSTS.flatMap((name) => {
    const uri = notification.body[name]
    return typeof uri === 'string' ? [uri] : []
  })
}
