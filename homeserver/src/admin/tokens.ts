import { publicKeyFromBytes } from '@pubky/protocol'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { NO_QUOTA, patchQuota, QUOTA_COLUMNS, type Quota, quotaValues } from '../limits/quota.ts'
import { isSignupToken, makeSignupToken } from '../sessions/users.ts'
import { readJson } from './body.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

async function makeToken(ctx: Context, reply: FastifyReply, quota: Quota): Promise<FastifyReply> {
  const token = makeSignupToken(ctx.random)
  await ctx.pool.query(
    `insert into signup_codes (code, ${QUOTA_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)`,
    [token, ...quotaValues(quota)],
  )
  return reply.type('text/plain').header('cache-control', 'no-store').send(token)
}

/** A page size of an admin list: a number from 1, at most 1000. */
export function pageLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw refusals.query('invalid_limit', 'Invalid limit')
  return Math.min(Number(text), MAX_LIMIT)
}

const STATES: Readonly<Record<string, string>> = {
  all: 'true',
  used: 'used_at is not null',
  unused: 'used_at is null',
}

/** Times have no zone; they are in UTC (spec/homeserver.md 7). */
function timeColumn(name: string): string {
  return `to_char(${name} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') as ${name}`
}

interface Row {
  code: string
  created_at: string
  used_at: string | null
  used_by: Buffer | null
}

async function listTokens(ctx: Context, query: Readonly<Record<string, string>>) {
  const limit = pageLimit(query.limit)
  const condition = STATES[query.state ?? 'all']
  if (condition === undefined) throw refusals.query('invalid_state', 'Invalid state')
  const cursor = query.cursor ?? ''
  if (cursor !== '' && !isSignupToken(cursor)) throw refusals.invalidCursor()
  const { rows } = await ctx.pool.query<Row>(
    `select code, ${timeColumn('created_at')}, ${timeColumn('used_at')}, used_by
     from signup_codes where code > $1 and ${condition} order by code limit $2`,
    [cursor, limit + 1],
  )
  const items = rows.slice(0, limit).map((row) => ({
    token: row.code,
    created_at: row.created_at,
    used_at: row.used_at,
    used_by: row.used_by && publicKeyFromBytes(row.used_by),
  }))
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.token ?? null) : null }
}

export function tokenRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/generate_signup_token', (_, reply) => makeToken(ctx, reply, NO_QUOTA))
  app.post('/generate_signup_token', async (request, reply) => {
    const quota = patchQuota(NO_QUOTA, await readJson(request))
    if (!quota.ok) throw refusals.quotaInvalid(quota.problem)
    return makeToken(ctx, reply, quota.value)
  })
  app.get<{ Querystring: Record<string, string> }>('/signup_tokens', async (request, reply) =>
    reply.header('cache-control', 'no-store').send(await listTokens(ctx, request.query)),
  )
  app.delete<{ Params: { token: string } }>('/signup_tokens/:token', async (request, reply) => {
    const { rowCount } = await ctx.pool.query(
      'delete from signup_codes where code = $1 and used_at is null',
      [request.params.token],
    )
    if (rowCount === 0) throw refusals.tokenNotFound()
    return reply.code(204).send()
  })
}
