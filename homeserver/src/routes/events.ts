import { decodeCrockford } from '@pubky/protocol'
import { networkOf } from '@pubky/server-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { parseBoolean, parseLimit } from '../entries/list.ts'
import { refusals } from '../errors.ts'
import { contentBytesOf, sendFeed } from '../events/feed.ts'
import { publicChangesAfter } from '../events/rows.ts'
import { openStream } from '../events/sse.ts'
import { splitTarget } from '../tenant.ts'

const MAX_ID = 2n ** 63n - 1n
const LEGACY_LENGTH = 13

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

async function liveFeed(ctx: Context, request: FastifyRequest, reply: FastifyReply, from: bigint) {
  // Who reads only so fast gets bodies one by one.
  const isSlowed = ctx.limits.anySpeeds && ctx.limits.speedOf(null, request.ip, 'read') !== null
  const contentBytes = isSlowed ? 0 : contentBytesOf(request.headers['pubky-inline'])
  const leave = ctx.streamPlaces.take(networkOf(request.ip))
  const stream = openStream(request, reply, {})
  const closed = ctx.metrics.streamOpened()
  try {
    await sendFeed(ctx, stream, { from, contentBytes })
  } finally {
    leave()
    closed()
    // After a failure the reader comes back with its cursor.
    stream.end()
  }
  return reply
}

export function eventRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/events/', { exposeHeadRoute: false }, (request, reply) => feed(ctx, request, reply))
}
