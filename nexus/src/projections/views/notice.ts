import { createHash } from 'node:crypto'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { rowsOf, type Tx, upsert } from './sql.ts'

/** How a person is concerned by a deleted or edited post (spec/nexus.md 1.9). */
export type ChangeSource =
  | 'reply'
  | 'repost'
  | 'reply_parent'
  | 'repost_embed'
  | 'bookmark'
  | 'tagged_post'

/** Bodies of notifications, members in the order in which they are printed (spec/nexus.md 1.9). */
export type NoticeBody =
  | { type: 'follow' | 'new_friend'; followed_by: string }
  | { type: 'lost_friend'; unfollowed_by: string }
  | {
      type: 'tag_post'
      tagged_by: string
      tag_label: string
      post_uri: string
      post_kind: string
    }
  | {
      type: 'untag_post'
      untagged_by: string
      tag_label: string
      post_uri: string
      post_kind: string
    }
  | { type: 'tag_profile'; tagged_by: string; tag_label: string }
  | { type: 'untag_profile'; untagged_by: string; tag_label: string }
  | {
      type: 'reply'
      replied_by: string
      parent_post_uri: string
      reply_uri: string
      post_kind: string
    }
  | {
      type: 'repost'
      reposted_by: string
      embed_uri: string
      repost_uri: string
      post_kind: string
    }
  | { type: 'mention'; mentioned_by: string; post_uri: string; post_kind: string }
  | {
      type: 'post_deleted'
      delete_source: ChangeSource
      deleted_by: string
      deleted_uri: string
      linked_uri: string
      post_kind: string
    }
  | {
      type: 'post_edited'
      edit_source: ChangeSource
      edited_by: string
      edited_uri: string
      linked_uri: string
      post_kind: string
    }

export interface Notice {
  recipient: PublicKeyZ32
  actor: PublicKeyZ32
  body: NoticeBody
}

const upsertNotices = upsert('notices', ['recipient', 'fingerprint'], {
  recipient: 'text',
  position: 'bigint',
  ordinal: 'int',
  at: 'bigint',
  type: 'text',
  actor: 'text',
  body: 'jsonb',
  fingerprint: 'bytea',
})

const PURGE = `delete from notices n where case when $2::text is null
    then n.actor = $1 or n.recipient = $1
    else exists (select from jsonb_each_text(n.body) as member where member.value = $2) end`

function concerns({ actor, recipient, body }: Notice, owner: PublicKeyZ32, uri: string | null) {
  if (uri === null) return actor === owner || recipient === owner
  return Object.values(body).includes(uri)
}

/** Collects the notices of a batch. Nobody is told of what they did themselves. */
export function createNoticeBox() {
  const rows = new Map<string, { notice: Notice; row: object }>()
  let position = -1n
  let ordinal = 0

  function add(entry: { position: bigint; receivedAtMs: number }, notice: Notice): void {
    const { recipient, actor, body } = notice
    if (recipient === actor) return
    if (entry.position !== position) {
      position = entry.position
      ordinal = 0
    }
    const fingerprint = createHash('sha256').update(JSON.stringify(body)).digest('hex')
    const row = {
      recipient,
      position: String(position),
      ordinal: ordinal++,
      at: entry.receivedAtMs,
      type: body.type,
      actor,
      body,
      fingerprint,
    }
    // The same body is kept once, at its last time.
    rows.set(`${recipient} ${fingerprint}`, { notice, row })
  }

  /** Writes them. Resolves to those who got any. */
  async function save(tx: Tx): Promise<PublicKeyZ32[]> {
    const all = [...rows.values()]
    await upsertNotices(
      tx,
      all.map(({ row }) => row),
    )
    return [...new Set(all.map(({ notice }) => notice.recipient))]
  }

  /** Takes back what was said by, to or of what the operator purged. */
  async function purge(tx: Tx, owner: PublicKeyZ32, uri: string | null): Promise<void> {
    for (const [key, { notice }] of rows) if (concerns(notice, owner, uri)) rows.delete(key)
    await rowsOf(tx, 'purge_notices', PURGE, [owner, uri])
  }

  return { add, save, purge }
}

/** Nobody counts further: the badge ends at 21 (spec/web-app.md 17.1). */
const UNREAD_MAX = 1_000

/**
 * Unread notices of each person in `$1`: newer than last_read, not by somebody whom they mute, and
 * not of a type that is not shown.
 */
const UNREAD_SQL = `select k.id, n.unread
  from unnest($1::text[]) as k (id)
  cross join lateral (
    select count(*)::int as unread from (
      select from notices n
      where n.recipient = k.id and n.type <> 'lost_friend'
        and n.at > coalesce((select u.last_read_at from users u where u.id = k.id), 0)
        and not exists (select from mutes m where m.owner = k.id and m.muted = n.actor)
      limit ${UNREAD_MAX}
    ) counted
  ) n`

export async function unreadOf(
  tx: Tx,
  people: readonly string[],
): Promise<{ id: string; unread: number }[]> {
  if (people.length === 0) return []
  return rowsOf(tx, 'unread_of', UNREAD_SQL, [people])
}
