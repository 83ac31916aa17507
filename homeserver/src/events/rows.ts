import { fromHex, type PublicKeyZ32, publicKeyFromBytes } from '@pubky/protocol'
import type { Pool } from 'pg'
import { encodeChunk } from './sse.ts'

/** One change, as it is told. */
export interface EventRow {
  id: bigint
  kind: 'PUT' | 'DEL'
  user: PublicKeyZ32
  path: string
  hash: Buffer | null
  proof: Buffer | null
}

/** An event as the driver gives it. */
export interface RawEvent {
  id: string
  kind: number
  key: Buffer
  path: string
  hash: Buffer | null
  proof: Buffer | null
}

const MAX_ID = 2n ** 63n - 1n

/** Whether the path of `e` lies under one of the filters in $3. */
const MATCHES = `exists (
  select from unnest($3::text[]) as f
  where case when right(f, 1) = '/' then e.path >= f and e.path < left(f, -1) || '0' else e.path = f end
)`

const COLUMNS = 'e.id::text, e.kind, u.key, e.path, e.hash, e.proof'

export function toEvent(raw: RawEvent): EventRow {
  return {
    id: BigInt(raw.id),
    kind: raw.kind === 0 ? 'PUT' : 'DEL',
    user: publicKeyFromBytes(raw.key),
    path: raw.path,
    hash: raw.hash,
    proof: raw.proof,
  }
}

/** Events after an id, all users and all paths, ascending. */
export async function eventsAfter(pool: Pool, after: bigint, limit: number): Promise<EventRow[]> {
  const { rows } = await pool.query<RawEvent>({
    name: 'events_after',
    text: `select ${COLUMNS} from events e join users u on u.id = e.user_id
      where e.id > $1 order by e.id limit $2`,
    values: [String(after), limit],
  })
  return rows.map(toEvent)
}

/** Events below `/pub/` after an id, all users, ascending. */
export async function publicEventsAfter(
  pool: Pool,
  after: bigint,
  limit: number,
): Promise<EventRow[]> {
  const { rows } = await pool.query<RawEvent>({
    name: 'public_events_after',
    text: `select ${COLUMNS} from public_events($1, $2) e join users u on u.id = e.user_id
      order by e.id`,
    values: [String(after), limit],
  })
  return rows.map(toEvent)
}

/** Events of all paths, of some accounts or of everybody, for the operator. */
export async function allEvents(
  pool: Pool,
  o: {
    ids: readonly string[] | null
    filters: readonly string[]
    after: bigint | null
    limit: number
    reverse: boolean
  },
): Promise<EventRow[]> {
  const { rows } = await pool.query<RawEvent>(
    `select ${COLUMNS} from events e join users u on u.id = e.user_id
     where ($1::bigint[] is null or e.user_id = any ($1)) and ${o.reverse ? 'e.id < $2' : 'e.id > $2'}
       and ${MATCHES}
     order by e.id ${o.reverse ? 'desc' : 'asc'} limit $4`,
    [o.ids, String(o.after ?? (o.reverse ? MAX_ID : 0n)), [...o.filters], o.limit],
  )
  return rows.map(toEvent)
}

/** What a line of the feed tells. */
interface Change {
  id: string
  kind: 'PUT' | 'DEL'
  uri: string
}

type RawChange = [id: string, kind: number, key: string, path: string]

/** The same, without hashes and proofs: most of an event's bytes. */
export async function publicChangesAfter(
  pool: Pool,
  after: bigint,
  limit: number,
): Promise<Change[]> {
  const { rows } = await pool.query<RawChange>({
    name: 'public_changes_after',
    rowMode: 'array',
    text: `select e.id::text, e.kind, encode(u.key, 'hex'), e.path
      from public_events($1, $2) e join users u on u.id = e.user_id
      order by e.id`,
    values: [String(after), limit],
  })
  const keys = new Map<string, PublicKeyZ32>()
  return rows.map(([id, kind, hex, path]) => {
    const key = keys.get(hex) ?? publicKeyFromBytes(fromHex(hex))
    keys.set(hex, key)
    return { id, kind: kind === 0 ? 'PUT' : 'DEL', uri: `pubky://${key}${path}` }
  })
}

/** A person whose events are asked for; `after` is exclusive, null from the beginning (or the end). */
export interface UserCursor {
  userId: string
  key: PublicKeyZ32
  after: bigint | null
}

/** What a statement looks at of all people together, whether it matches or not: a fraction of a second. */
const MAX_EXAMINED = 10_000

/** A part of some people's events. */
export interface EventSlice {
  events: EventRow[]
  /** Everything up to here was looked at, and not all was wanted; null where the events tell it themselves. */
  examined: bigint | null
}

/** Events of some users, each beyond its own cursor, ordered by id over all of them. */
export async function userEvents(
  pool: Pool,
  users: readonly UserCursor[],
  o: { filters: readonly string[]; limit: number; reverse: boolean },
): Promise<EventSlice> {
  const order = o.reverse ? 'e.id desc' : 'e.id'
  const beyond = `from events e
    where e.user_id = w.user_id and ${o.reverse ? 'e.id < w.cursor' : 'e.id > w.cursor'} order by ${order}`
  // Where a page is not full, the last that was looked at of a person is the end: beyond it they may have
  // more that comes before what others have. It is looked for last, and seldom.
  const { rows } = await pool.query<RawEvent & { is_end: boolean }>({
    name: o.reverse ? 'user_events_reverse' : 'user_events',
    text: `select ${COLUMNS}, e.is_end
      from unnest($1::bigint[], $2::bigint[]) as w (user_id, cursor)
      cross join lateral (
        select * from (
          select *, false as is_end from (select * ${beyond} limit $5) e where ${MATCHES}
        ) wanted
        union all
        select * from (select *, true ${beyond} offset $5 - 1 limit 1) last
        limit $4
      ) e
      join users u on u.id = e.user_id
      order by ${order}, e.is_end limit $4`,
    values: [
      users.map(({ userId }) => userId),
      users.map(({ after }) => String(after ?? (o.reverse ? MAX_ID : 0n))),
      [...o.filters],
      o.limit,
      Math.ceil(MAX_EXAMINED / users.length),
    ],
  })
  const end = rows.findIndex(({ is_end }) => is_end)
  if (end < 0) return { events: rows.map(toEvent), examined: null }
  return { events: rows.slice(0, end).map(toEvent), examined: BigInt(rows[end]?.id ?? 0) }
}

/** Whether a path lies under one of the filters: a final slash means everything below. */
export function matchesFilters(path: string, filters: readonly string[]): boolean {
  return filters.some((filter) =>
    filter.endsWith('/') ? path.startsWith(filter) : path === filter,
  )
}

function eventUri(event: EventRow): string {
  return `pubky://${event.user}${event.path}`
}

/** What is made of events that are in memory, which many streams send. */
const texts = new WeakMap<EventRow, string>()
const chunks = new WeakMap<EventRow, Buffer>()

/** The server-sent frame of an event (spec/homeserver.md 6.2, design 3.3). */
export function eventText(event: EventRow): string {
  const known = texts.get(event)
  if (known !== undefined) return known
  const text = encodeEvent(event)
  texts.set(event, text)
  return text
}

/** The same, ready to be pushed. */
export function eventChunk(event: EventRow): Buffer {
  const known = chunks.get(event)
  if (known) return known
  const chunk = encodeChunk(encodeEvent(event))
  chunks.set(event, chunk)
  return chunk
}

function encodeEvent(event: EventRow): string {
  const lines = [`event: ${event.kind}`, `data: ${eventUri(event)}`, `data: cursor: ${event.id}`]
  if (event.kind === 'PUT' && event.hash)
    lines.push(`data: content_hash: ${event.hash.toString('base64')}`)
  if (event.proof) lines.push(`data: proof: ${event.proof.toString('base64url')}`)
  return `${lines.join('\n')}\n\n`
}
