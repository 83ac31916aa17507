import { isPublicKey, type PublicKeyZ32, publicKeyFromBytes } from '@pubky/protocol'
import { withTransaction } from '@pubky/server-kit'
import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { announceAccount } from '../limits/limits.ts'
import {
  effectiveQuota,
  overridesOf,
  patchQuota,
  QUOTA_COLUMNS,
  type QuotaRow,
  quotaOfRow,
  quotaValues,
  storageLimit,
} from '../limits/quota.ts'
import { keyBytes } from '../sessions/cookie.ts'
import { findUser } from '../sessions/resolver.ts'
import { readJson } from './body.ts'
import { keyRange } from './key-range.ts'
import { pageLimit } from './tokens.ts'

interface KeyParams {
  Params: { key: string }
}

export function requireKey(text: string): PublicKeyZ32 {
  if (!isPublicKey(text)) throw refusals.query('invalid_public_key', `Invalid public key: ${text}`)
  return text
}

async function userIdOf(ctx: Context, text: string): Promise<string> {
  const user = await findUser(ctx.pool, requireKey(text))
  if (!user) throw refusals.notFound()
  return user.id
}

async function setDisabled(ctx: Context, text: string, disabled: boolean): Promise<string> {
  const userId = await userIdOf(ctx, text)
  await ctx.pool.query('update users set disabled = $2 where id = $1', [userId, disabled])
  await announceAccount(ctx, userId)
  return 'Ok'
}

async function patchUser(ctx: Context, text: string, patch: unknown): Promise<void> {
  const userId = await userIdOf(ctx, text)
  await withTransaction(ctx.pool, async (client) => {
    const { rows } = await client.query<QuotaRow>(
      `select ${QUOTA_COLUMNS} from users where id = $1 for update`,
      [userId],
    )
    const [row] = rows
    if (!row) throw refusals.notFound()
    const quota = patchQuota(quotaOfRow(row), patch)
    if (!quota.ok) throw refusals.quotaInvalid(quota.problem)
    await client.query(
      `update users set (${QUOTA_COLUMNS}) = ($2, $3, $4, $5, $6, $7) where id = $1`,
      [userId, ...quotaValues(quota.value)],
    )
  })
  await announceAccount(ctx, userId)
}

interface UserRow extends QuotaRow {
  id: string
  key: Buffer
  disabled: boolean
  used_bytes: string
  created_at: Date
  last_write: Date | null
  sessions: string
}

const SORTS: Readonly<Record<string, { order: string; after: string }>> = {
  newest: { order: 'u.id desc', after: 'u.id < $3' },
  largest: { order: 'u.used_bytes desc, u.id desc', after: '(u.used_bytes, u.id) < ($4, $3)' },
}

const MAX_ID = '9223372036854775807'

/** Our addition, for the page: accounts with what they use. */
async function listUsers(ctx: Context, query: Readonly<Record<string, string>>) {
  const limit = pageLimit(query.limit)
  const sort = SORTS[query.sort ?? 'newest']
  if (!sort) throw refusals.query('invalid_sort', 'Invalid sort')
  const [low, high] = keyRange(query.search ?? '') ?? []
  if (!low || !high) return { items: [], next_cursor: null }
  const cursor = query.cursor ?? `${MAX_ID}.${MAX_ID}`
  const [, used, id] = /^(\d{1,19})\.(\d{1,19})$/.exec(cursor) ?? []
  if (id === undefined || used === undefined) throw refusals.invalidCursor()
  const isBySize = sort === SORTS.largest
  const { rows } = await ctx.pool.query<UserRow>(
    `select u.id::text, u.key, u.disabled, u.used_bytes::text, u.created_at, ${QUOTA_COLUMNS},
       (select e.created_at from events e where e.user_id = u.id order by e.id desc limit 1) as last_write,
       (select count(*) from sessions s where s.user_id = u.id)
         + (select count(*) from grant_sessions s where s.user_id = u.id) as sessions
     from users u where u.key between $1 and $2 and ${sort.after} order by ${sort.order}
     limit ${limit + 1}`,
    isBySize ? [low, high, id, used] : [low, high, id],
  )
  const items = rows.slice(0, limit).map((row) => {
    const quota = quotaOfRow(row)
    return {
      pubky: publicKeyFromBytes(row.key),
      disabled: row.disabled,
      used_bytes: Number(row.used_bytes),
      limit_bytes: storageLimit(quota, ctx.config),
      overrides: overridesOf(quota),
      sessions: Number(row.sessions),
      created_at: row.created_at.toISOString(),
      last_write: row.last_write?.toISOString() ?? null,
    }
  })
  const last = rows[limit - 1]
  return {
    items,
    next_cursor: rows.length > limit && last ? `${last.used_bytes}.${last.id}` : null,
  }
}

export function userRoutes(app: FastifyInstance, ctx: Context): void {
  app.get<{ Querystring: Record<string, string> }>('/users', async (request, reply) =>
    reply.header('cache-control', 'no-store').send(await listUsers(ctx, request.query)),
  )
  app.post<KeyParams>('/users/:key/disable', ({ params }) => setDisabled(ctx, params.key, true))
  app.post<KeyParams>('/users/:key/enable', ({ params }) => setDisabled(ctx, params.key, false))
  app.get<KeyParams>('/users/:key/quota', async ({ params }, reply) => {
    const { rows } = await ctx.pool.query<QuotaRow>(
      `select ${QUOTA_COLUMNS} from users where key = $1`,
      [keyBytes(requireKey(params.key))],
    )
    if (!rows[0]) throw refusals.notFound()
    const quota = quotaOfRow(rows[0])
    return reply.header('cache-control', 'no-store').send({
      effective: effectiveQuota(quota, ctx.config),
      overrides: overridesOf(quota),
    })
  })
  app.patch<KeyParams>('/users/:key/quota', async (request, reply) => {
    await patchUser(ctx, request.params.key, await readJson(request))
    return reply.code(200).send()
  })
}
