import { type PostKey, postKeyText } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { PoolClient } from 'pg'
import type { GraphOp } from '../social-graph.ts'

type Op<K extends GraphOp['op']> = Extract<GraphOp, { op: K }>

const text = (key: PostKey | null) => key && postKeyText(key)

export function targetText(target: PublicKeyZ32 | PostKey): string {
  return typeof target === 'string' ? target : postKeyText(target)
}

/** Writes facts with one pair of statements per kind; of one thing only the last fact counts. */
export async function applyOps(client: PoolClient, ops: readonly GraphOp[]): Promise<void> {
  await users(
    client,
    latest(ops, 'user', (op) => op.user),
  )
  await posts(
    client,
    latest(ops, 'post', (op) => postKeyText(op.post)),
  )
  await follows(
    client,
    latest(ops, 'follow', (op) => `${op.from} ${op.to}`),
  )
  await tags(
    client,
    latest(ops, 'tag', (op) => `${targetText(op.target)} ${op.tagger} ${op.label}`),
  )
  await bookmarks(
    client,
    latest(ops, 'bookmark', (op) => `${op.from} ${postKeyText(op.post)}`),
  )
}

function latest<K extends GraphOp['op']>(
  ops: readonly GraphOp[],
  kind: K,
  keyOf: (op: Op<K>) => string,
): { present: Op<K>[]; absent: Op<K>[] } {
  const byKey = new Map<string, Op<K>>()
  for (const op of ops) if (op.op === kind) byKey.set(keyOf(op as Op<K>), op as Op<K>)
  const all = [...byKey.values()]
  return { present: all.filter((op) => op.present), absent: all.filter((op) => !op.present) }
}

interface Facts<T> {
  present: T[]
  absent: T[]
}

async function write<T>(
  client: PoolClient,
  sql: string,
  facts: readonly T[],
  ...columns: ((fact: T) => unknown)[]
): Promise<void> {
  if (facts.length === 0) return
  await client.query(
    sql,
    columns.map((column) => facts.map(column)),
  )
}

async function users(client: PoolClient, { present, absent }: Facts<Op<'user'>>): Promise<void> {
  const add = 'insert into graph_users (id) select unnest($1::text[]) on conflict do nothing'
  await write(client, add, present, (op) => op.user)
  await write(client, 'delete from graph_users where id = any($1)', absent, (op) => op.user)
}

async function posts(client: PoolClient, { present, absent }: Facts<Op<'post'>>): Promise<void> {
  const key = (op: Op<'post'>) => postKeyText(op.post)
  const all = [...present, ...absent]
  await write(client, 'delete from graph_mentions where post = any($1)', all, key)
  await write(client, 'delete from graph_posts where key = any($1)', absent, key)
  await write(
    client,
    `insert into graph_posts (key, author, kind, at_ms, reply_to, repost_of)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
     on conflict (key) do update set kind = excluded.kind, at_ms = excluded.at_ms,
       reply_to = excluded.reply_to, repost_of = excluded.repost_of`,
    present,
    key,
    (op) => op.post.author,
    (op) => op.kind,
    (op) => op.atMs,
    (op) => text(op.replyTo),
    (op) => text(op.repostOf),
  )
  const mentions = present.flatMap((op) => op.mentions.map((person) => ({ post: key(op), person })))
  await write(
    client,
    `insert into graph_mentions (post, mentioned) select * from unnest($1::text[], $2::text[])
     on conflict do nothing`,
    mentions,
    (mention) => mention.post,
    (mention) => mention.person,
  )
}

async function follows(client: PoolClient, facts: Facts<Op<'follow'>>): Promise<void> {
  const { present, absent } = facts
  await write(
    client,
    `delete from graph_follows using unnest($1::text[], $2::text[]) as gone (follower, followed)
     where graph_follows.follower = gone.follower and graph_follows.followed = gone.followed`,
    absent,
    (op) => op.from,
    (op) => op.to,
  )
  await write(
    client,
    `insert into graph_follows (follower, followed, at_ms)
     select * from unnest($1::text[], $2::text[], $3::bigint[])
     on conflict (follower, followed) do update set at_ms = excluded.at_ms`,
    present,
    (op) => op.from,
    (op) => op.to,
    (op) => op.atMs,
  )
}

async function tags(client: PoolClient, { present, absent }: Facts<Op<'tag'>>): Promise<void> {
  await write(
    client,
    `delete from graph_tags
     using unnest($1::text[], $2::text[], $3::text[]) as gone (target, label, tagger)
     where graph_tags.target = gone.target and graph_tags.label = gone.label
       and graph_tags.tagger = gone.tagger`,
    absent,
    (op) => targetText(op.target),
    (op) => op.label,
    (op) => op.tagger,
  )
  await write(
    client,
    `insert into graph_tags (target, label, tagger, of_post, at_ms)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::bigint[])
     on conflict (target, label, tagger) do update set at_ms = excluded.at_ms`,
    present,
    (op) => targetText(op.target),
    (op) => op.label,
    (op) => op.tagger,
    (op) => typeof op.target !== 'string',
    (op) => op.atMs,
  )
}

async function bookmarks(client: PoolClient, facts: Facts<Op<'bookmark'>>): Promise<void> {
  const { present, absent } = facts
  await write(
    client,
    `delete from graph_bookmarks using unnest($1::text[], $2::text[]) as gone (owner, post)
     where graph_bookmarks.owner = gone.owner and graph_bookmarks.post = gone.post`,
    absent,
    (op) => op.from,
    (op) => postKeyText(op.post),
  )
  await write(
    client,
    `insert into graph_bookmarks (owner, post, at_ms)
     select * from unnest($1::text[], $2::text[], $3::bigint[])
     on conflict (owner, post) do update set at_ms = excluded.at_ms`,
    present,
    (op) => op.from,
    (op) => postKeyText(op.post),
    (op) => op.atMs,
  )
}
