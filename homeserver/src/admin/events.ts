import { isPublicKey, type PublicKeyZ32 } from '@pubky/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { allEvents, type EventRow, eventText, matchesFilters } from '../events/rows.ts'
import { openStream, type Stream } from '../events/sse.ts'
import { parseCursor, parseFilters, parseFlag, parseLimit } from '../events/stream-query.ts'
import { findUserIds } from '../sessions/resolver.ts'
import { splitTarget } from '../tenant.ts'

const MAX_USERS = 50
const PAGE = 100
const EVERYTHING = '/'

interface AdminQuery {
  users: PublicKeyZ32[]
  filters: string[]
  limit: number | null
  cursor: bigint | null
  reverse: boolean
  live: boolean
}

function parseQuery(query: URLSearchParams): AdminQuery {
  const users = [...new Set(query.getAll('user').filter((value) => value !== ''))]
  if (users.length > MAX_USERS)
    throw refusals.query('too_many_users', `Too many users. Maximum allowed: ${MAX_USERS}`)
  const hasPath = query.getAll('path').some((value) => value !== '')
  const parsed = {
    limit: parseLimit(query.get('limit')),
    reverse: parseFlag(query, 'reverse'),
    live: parseFlag(query, 'live'),
    filters: hasPath ? parseFilters(query.getAll('path')) : [EVERYTHING],
    cursor: parseCursor(query.get('cursor')),
    users: users.map((key) => {
      if (isPublicKey(key)) return key
      throw refusals.query('invalid_public_key', `Invalid public key: ${key}`)
    }),
  }
  if (parsed.live && parsed.reverse)
    throw refusals.query('live_reverse', 'Cannot use live mode with reverse ordering')
  return parsed
}

/** Ids of the accounts asked for; null for everybody. */
async function userIds(ctx: Context, keys: readonly PublicKeyZ32[]): Promise<string[] | null> {
  if (keys.length === 0) return null
  const ids = await findUserIds(ctx.pool, keys)
  if (ids.size < keys.length) throw refusals.notFound()
  return [...ids.values()]
}

async function send(
  ctx: Context,
  stream: Stream,
  query: AdminQuery,
  ids: readonly string[] | null,
): Promise<void> {
  const keys = new Set(query.users)
  let left = query.limit ?? Number.POSITIVE_INFINITY
  let cursor = query.cursor

  async function tell(events: readonly EventRow[]): Promise<void> {
    const chosen = events.slice(0, left)
    left -= chosen.length
    if (chosen.length > 0) await stream.send(chosen.map(eventText).join(''))
  }

  const { filters, reverse, live } = query
  for (;;) {
    const newest = ctx.hub.head
    const limit = Math.min(PAGE, left)
    const isOver = left <= 0 || stream.signal.aborted
    const rows = isOver
      ? []
      : await allEvents(ctx.pool, { ids, filters, after: cursor, limit, reverse })
    if (rows.length === 0 && !live) return
    if (rows.length === 0) {
      if (cursor === null || newest > cursor) cursor = newest
      break
    }
    cursor = rows.at(-1)?.id ?? cursor
    await tell(rows)
  }
  while (left > 0 && !stream.signal.aborted) {
    const at: bigint = cursor ?? 0n
    const fresh = ctx.hub.after(at, PAGE)
    if (fresh === null) {
      // Too far behind for what is in memory. What that reaches back to now is in the table for the question.
      const { floor } = ctx.hub
      const rows = await allEvents(ctx.pool, { ids, filters, after: at, limit: PAGE, reverse })
      const last: bigint = rows.at(-1)?.id ?? at
      cursor = rows.length < PAGE && floor > last ? floor : last
      await tell(rows)
      continue
    }
    const reached: bigint = fresh.at(-1)?.id ?? at
    cursor = reached
    await tell(
      fresh.filter(
        (event) => (keys.size === 0 || keys.has(event.user)) && matchesFilters(event.path, filters),
      ),
    )
    if (left > 0) await ctx.hub.wait(reached, stream.signal)
  }
}

async function adminStream(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  reply.header('cache-control', 'no-store')
  const query = parseQuery(new URLSearchParams(splitTarget(request.originalUrl).query))
  const ids = await userIds(ctx, query.users)
  const stream = openStream(request, reply, {})
  const closed = ctx.metrics.streamOpened()
  try {
    await send(ctx, stream, query, ids)
  } finally {
    closed()
    stream.end()
  }
  return reply
}

/** Public and private events of everybody, by one cursor (spec/homeserver.md 7). */
export function adminEventRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/events-stream', { exposeHeadRoute: false }, (request, reply) =>
    adminStream(ctx, request, reply),
  )
}
