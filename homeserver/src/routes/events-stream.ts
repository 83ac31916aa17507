import { covers, isPublicKey, type PublicKeyZ32, pathRoot, type StoragePath } from '@pubky/protocol'
import { networkOf } from '@pubky/server-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import {
  type EventRow,
  eventChunk,
  eventText,
  matchesFilters,
  type UserCursor,
  userEvents,
} from '../events/rows.ts'
import { openStream, type Stream } from '../events/sse.ts'
import { parseCursor, parseFilters, parseFlag, parseLimit } from '../events/stream-query.ts'
import { findUserIds, type Session } from '../sessions/resolver.ts'
import { splitTarget } from '../tenant.ts'
import { vary } from './cors.ts'

const MAX_USERS = 50
const PAGE = 100
const HEADERS = { 'cache-control': 'no-store' }
const VARY = 'pubky-host, Authorization, Cookie'

interface StreamQuery {
  users: Map<string, string | null>
  filters: StoragePath[]
  limit: number | null
  reverse: boolean
  live: boolean
}

function refuse(code: string, text: string): never {
  throw refusals.query(code, text)
}

function parseUsers(values: readonly string[]): Map<string, string | null> {
  const users = new Map<string, string | null>()
  for (const value of values) {
    if (value === '') continue
    const colon = value.indexOf(':')
    users.set(colon < 0 ? value : value.slice(0, colon), colon < 0 ? null : value.slice(colon + 1))
    if (users.size > MAX_USERS)
      refuse('too_many_users', `Too many users. Maximum allowed: ${MAX_USERS}`)
  }
  if (users.size === 0) refuse('user_required', 'user parameter is required')
  return users
}

function parseQuery(query: URLSearchParams): StreamQuery {
  const parsed = {
    users: parseUsers(query.getAll('user')),
    limit: parseLimit(query.get('limit')),
    reverse: parseFlag(query, 'reverse'),
    live: parseFlag(query, 'live'),
    filters: parseFilters(query.getAll('path')),
  }
  for (const key of parsed.users.keys())
    if (!isPublicKey(key)) refuse('invalid_public_key', `Invalid public key: ${key}`)
  if (parsed.live && parsed.reverse)
    refuse('live_reverse', 'Cannot use live mode with reverse ordering')
  return parsed
}

/** The session of the first user; any bearer, even one that does not hold, stands for its cookies. */
function sessionOf(ctx: Context, request: FastifyRequest, { users }: StreamQuery) {
  const { authorization, cookie, origin } = request.headers
  const isBearer = authorization?.startsWith('Bearer ') ?? false
  const headers = isBearer ? { authorization } : { cookie, origin }
  const [first = null] = users.keys()
  return ctx.sessions.resolve(headers, first as PublicKeyZ32 | null)
}

/** Private paths need one user, whose session may read every one of them. Null for public streams. */
async function authorise(
  ctx: Context,
  request: FastifyRequest,
  query: StreamQuery,
): Promise<Session | null> {
  const roots = query.filters.map((filter) => pathRoot(filter))
  if (roots.includes(null)) throw refusals.readElsewhere()
  if (!roots.includes('priv')) return null
  const session = await sessionOf(ctx, request, query)
  if (!session) throw refusals.privateNeedsSession()
  if (query.users.size > 1) throw refusals.onlyOneUser()
  if (!query.users.has(session.user)) throw refusals.otherTenant()
  for (const filter of query.filters)
    if (pathRoot(filter) === 'priv' && !covers(session.capabilities, filter, 'r'))
      throw refusals.noReadAccess()
  if (!ctx.hub.listening) throw refusals.streamsUnavailable()
  return session
}

async function findUsers(ctx: Context, query: StreamQuery): Promise<UserCursor[]> {
  const keys = [...query.users.keys()] as PublicKeyZ32[]
  const ids = await findUserIds(ctx.pool, keys)
  return keys.map((key) => {
    const userId = ids.get(key)
    if (userId === undefined) throw refusals.notFound()
    return { userId, key, after: parseCursor(query.users.get(key) ?? null) }
  })
}

/** Sends at most `limit` events and remembers where each person's stream is. */
function createSender(
  stream: Stream,
  users: readonly UserCursor[],
  { limit, filters, reverse }: StreamQuery,
) {
  const byKey = new Map(users.map((user) => [user.key, user]))
  let left = limit ?? Number.POSITIVE_INFINITY

  function choose(events: readonly EventRow[]): readonly EventRow[] {
    const chosen = events.length > left ? events.slice(0, left) : events
    left -= chosen.length
    for (const event of chosen) {
      const user = byKey.get(event.user)
      if (user) user.after = event.id
    }
    return chosen
  }

  return {
    get done() {
      return left <= 0 || stream.signal.aborted
    },
    get pageSize() {
      return Math.min(PAGE, left)
    },
    /** Goes on after what was looked at and not wanted. */
    skip(examined: bigint): void {
      for (const user of users) {
        const { after } = user
        const isBeyond = reverse ? examined < (after ?? examined + 1n) : examined > (after ?? 0n)
        if (isBeyond) user.after = examined
      }
    },
    /** Of what is told to many, what is still to be sent here. */
    wanted(events: readonly EventRow[]): readonly EventRow[] {
      return events.filter((event) => {
        const user = byKey.get(event.user)
        return user && event.id > (user.after ?? 0n) && matchesFilters(event.path, filters)
      })
    },
    async send(events: readonly EventRow[]): Promise<void> {
      const chosen = choose(events)
      if (chosen.length > 0) await stream.send(chosen.map(eventText).join(''))
    },
    /** Whether more may be pushed. */
    push(events: readonly EventRow[]): boolean {
      const chosen = choose(events)
      return (chosen.length === 0 || stream.push(chosen.map(eventChunk))) && left > 0
    },
  }
}

/** History until nothing is left, in slices: so many at once that others find a connection, too. */
async function sendHistory(
  ctx: Context,
  sender: ReturnType<typeof createSender>,
  users: readonly UserCursor[],
  query: StreamQuery,
): Promise<void> {
  for (;;) {
    const o = { filters: query.filters, limit: sender.pageSize, reverse: query.reverse }
    const slice = await ctx.historyTurns(async () => {
      if (sender.done) return null
      const sinceMs = performance.now()
      const found = await userEvents(ctx.pool, users, o)
      ctx.metrics.streamQueries.observe(performance.now() - sinceMs)
      return found
    })
    if (!slice || (slice.events.length === 0 && slice.examined === null)) return
    await sender.send(slice.events)
    if (slice.examined !== null) sender.skip(slice.examined)
  }
}

async function sendLive(
  ctx: Context,
  stream: Stream,
  sender: ReturnType<typeof createSender>,
  users: readonly UserCursor[],
  query: StreamQuery,
): Promise<void> {
  // From now on: what the table does not have yet will be told.
  using follower = ctx.hub.follow(users.map(({ key }) => key))
  await sendHistory(ctx, sender, users, query)
  while (!sender.done) {
    const fresh = follower.take()
    if (fresh === null) {
      ctx.metrics.lag(null)
      await sendHistory(ctx, sender, users, query)
      continue
    }
    ctx.metrics.lag(BigInt(fresh.length))
    const wanted = sender.wanted(fresh)
    for (let at = 0; at < wanted.length && !sender.done; at += PAGE)
      if (!sender.push(wanted.slice(at, at + PAGE))) await stream.drained()
    if (sender.done) return
    await follower.handOn(stream.signal, (events) => sender.push(sender.wanted(events)))
    await stream.drained()
  }
}

/** Events of up to fifty people (spec/homeserver.md 6.2). */
async function stream(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  vary(reply, VARY)
  reply.headers(HEADERS)
  const query = parseQuery(new URLSearchParams(splitTarget(request.originalUrl).query))
  const session = await authorise(ctx, request, query)
  const users = await findUsers(ctx, query)
  const leave = ctx.streamPlaces.take(networkOf(request.ip))
  const open = openStream(request, reply, HEADERS)
  const closed = ctx.metrics.streamOpened()
  const release = session ? ctx.privateStreams.add(session, () => reply.raw.destroy()) : null
  try {
    // What ended the session before the stream could be closed by it.
    if (session && !(await sessionOf(ctx, request, query))) reply.raw.destroy()
    const sender = createSender(open, users, query)
    if (query.live) await sendLive(ctx, open, sender, users, query)
    else await sendHistory(ctx, sender, users, query)
  } finally {
    release?.()
    leave()
    closed()
    open.end()
  }
  return reply
}

export function eventStreamRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/events-stream', { exposeHeadRoute: false }, (request, reply) =>
    stream(ctx, request, reply),
  )
}
