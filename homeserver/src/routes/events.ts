import { decodeCrockford } from '@pubky/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { parseBoolean, parseLimit } from '../entries/list.ts'
import { refusals } from '../errors.ts'
import { type EventRow, eventFrame, publicChangesAfter, publicEventsAfter } from '../events/rows.ts'
import { openStream, type Stream } from '../events/sse.ts'
import { splitTarget } from '../tenant.ts'

const MAX_ID = 2n ** 63n - 1n
const LEGACY_LENGTH = 13
/** Events in one write: what a reader that takes nothing holds in memory. */
const PAGE = 200

/** Older servers numbered by time: such a cursor is the event of exactly that microsecond. */
async function legacyCursor(ctx: Context, text: string): Promise<bigint> {
  let micros: bigint
  try {
    micros = Buffer.from(decodeCrockford(text)).readBigInt64BE()
  } catch {
    throw refusals.invalidCursor()
  }
  // Before there were servers; long before, there are no dates.
  if (micros < 0n) throw refusals.invalidCursor()
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select id::text from events
     where created_at = timestamptz 'epoch' + ($1::bigint / 1000000) * interval '1 second' + ($1::bigint % 1000000) * interval '1 microsecond'
     limit 1`,
    [String(micros)],
  )
  if (!rows[0]) throw refusals.invalidCursor()
  return BigInt(rows[0].id)
}

async function feedCursor(ctx: Context, value: string | null): Promise<bigint> {
  const text = value?.startsWith('pubky://') ? value.slice('pubky://'.length) : value
  if (!text) return 0n
  if (/^\d{1,19}$/.test(text) && BigInt(text) <= MAX_ID) return BigInt(text)
  if (text.length === LEGACY_LENGTH) return legacyCursor(ctx, text)
  throw refusals.invalidCursor()
}

/** One page as text, or everything and what comes as a stream (spec/homeserver.md 6.1, design 3.3). */
async function feed(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const query = new URLSearchParams(splitTarget(request.originalUrl).query)
  parseBoolean(query.get('reverse'))
  parseBoolean(query.get('shallow'))
  const cursor = await feedCursor(ctx, query.get('cursor'))
  if (/\btext\/event-stream\b/.test(request.headers.accept ?? ''))
    return liveFeed(ctx, request, reply, cursor)
  const sinceMs = performance.now()
  const rows = await publicChangesAfter(ctx.pool, cursor, parseLimit(query.get('limit')))
  ctx.metrics.feedQueries.observe(performance.now() - sinceMs)
  const lines = rows.map(({ kind, uri }) => `${kind} ${uri}`)
  const last = rows.at(-1)
  if (last) lines.push(`cursor: ${last.id}`)
  return reply.type('text/plain').header('cache-control', 'no-store').send(lines.join('\n'))
}

function isPublic(event: EventRow): boolean {
  return event.path.startsWith('/pub/')
}

async function liveFeed(ctx: Context, request: FastifyRequest, reply: FastifyReply, from: bigint) {
  const stream = openStream(request, reply, {})
  const closed = ctx.metrics.streamOpened()
  try {
    await sendFeed(ctx, stream, from)
  } finally {
    closed()
    // After a failure the reader comes back with its cursor.
    stream.end()
  }
  return reply
}

async function sendFeed(ctx: Context, stream: Stream, from: bigint): Promise<void> {
  let cursor = from
  while (!stream.signal.aborted) {
    const fresh = ctx.hub.after(cursor, PAGE)
    if (fresh) {
      ctx.metrics.lag(ctx.hub.head - cursor)
      const rows = fresh.filter(isPublic)
      cursor = fresh.at(-1)?.id ?? cursor
      if (rows.length > 0) await stream.send(rows.map(eventFrame).join(''))
      await ctx.hub.wait(cursor, stream.signal)
      continue
    }
    ctx.metrics.lag(null)
    const { floor } = ctx.hub
    const rows = await publicEventsAfter(ctx.pool, cursor, PAGE)
    const last = rows.at(-1)?.id ?? 0n
    // A page that is not full reached the end of the table, which lies at or above the floor.
    cursor = rows.length < PAGE && floor > last ? floor : last
    if (rows.length > 0) await stream.send(rows.map(eventFrame).join(''))
  }
}

export function eventRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/events/', { exposeHeadRoute: false }, (request, reply) => feed(ctx, request, reply))
}
