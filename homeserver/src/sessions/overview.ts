import { type PublicKeyZ32, publicKeyFromBytes } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { Context } from '../context.ts'
import { MAX_SESSIONS, nowSeconds, revokeGrant } from './grants.ts'
import { cookieKey, type Session } from './resolver.ts'

/** Where somebody is signed in: behind a cookie, or by a grant. Times are in seconds. */
export interface SessionSummary {
  /** What `DELETE /sessions/ID` takes. */
  id: string
  kind: Session['kind']
  /** The web origin of a cookie session ('' for programs), the client id of a grant. */
  client: string
  /** What signs behind a grant; null behind a cookie. */
  key: PublicKeyZ32 | null
  capabilities: string[]
  created_at: number
  /** To within some minutes; null when never. */
  last_used_at: number | null
  expires_at: number | null
  /** Whether it is the one that asks. */
  current: boolean
}

interface Row {
  id: string
  client: string
  client_key: Buffer | null
  capabilities: string
  created_at: string
  last_used_at: string | null
  expires_at: string | null
}

const TOUCH = {
  cookie: `update sessions set last_used_at = now()
    where id = $1 and coalesce(last_used_at, '-infinity') < now() - interval '5 minutes'`,
  grant: `update grants set last_used_at = now()
    where user_id = $2 and id = $1 and coalesce(last_used_at, '-infinity') < now() - interval '5 minutes'`,
}

/** Remembers that a session was used; called when it is looked up, at most once in a minute. */
export async function noteUse(pool: Pool, session: Session): Promise<void> {
  const { kind, credential, userId } = session
  await pool.query({
    name: `touch_${kind}`,
    text: TOUCH[kind],
    values: kind === 'cookie' ? [credential] : [credential, userId],
  })
}

function seconds(column: string): string {
  return `extract(epoch from ${column})::bigint::text as ${column.split('.').at(-1)}`
}

const COOKIES = `select id::text, origin as client, null as client_key, capabilities, ${seconds('created_at')},
  ${seconds('last_used_at')}, null as expires_at from sessions where user_id = $1
  order by id desc limit ${MAX_SESSIONS}`

const GRANTS = `select id, client_id as client, client_key, capabilities, ${seconds('created_at')},
  ${seconds('last_used_at')}, expires_at::text from grants
  where user_id = $1 and revoked_at is null and expires_at > $2
  order by grants.created_at desc, id limit ${MAX_SESSIONS}`

function toSummary(kind: Session['kind'], row: Row, asking: Session): SessionSummary {
  const number = (text: string | null) => (text === null ? null : Number(text))
  return {
    id: `${kind}-${row.id}`,
    kind,
    client: row.client,
    key: row.client_key && publicKeyFromBytes(row.client_key),
    capabilities: row.capabilities === '' ? [] : row.capabilities.split(','),
    created_at: Number(row.created_at),
    last_used_at: number(row.last_used_at),
    expires_at: number(row.expires_at),
    current: asking.kind === kind && asking.credential === row.id,
  }
}

/** Everywhere the account is signed in, the last used first. */
export async function listSessions(ctx: Context, asking: Session): Promise<SessionSummary[]> {
  const [cookies, grants] = await Promise.all([
    ctx.pool.query<Row>(COOKIES, [asking.userId]),
    ctx.pool.query<Row>(GRANTS, [asking.userId, nowSeconds(ctx)]),
  ])
  return [
    ...cookies.rows.map((row) => toSummary('cookie', row, asking)),
    ...grants.rows.map((row) => toSummary('grant', row, asking)),
  ].sort((a, b) => (b.last_used_at ?? b.created_at) - (a.last_used_at ?? a.created_at))
}

/** Ends cookie sessions of an account, $1, by their ids. Tells how many there were. */
async function endCookies(ctx: Context, ids: string, values: readonly string[]): Promise<number> {
  const { rows } = await ctx.pool.query<{ secret_hash: Buffer; origin: string }>(
    `with gone as (
         delete from sessions where user_id = $1 and id in (${ids}) returning id, secret_hash, origin
       ),
       told as (
         select pg_notify('auth_revocations', json_build_object('kind', 'cookie_session', 'id', id)::text),
           pg_notify('auth_changes', 'c' || encode(secret_hash, 'base64') || ' ' || origin) from gone
       )
     select secret_hash, origin from gone, told`,
    [...values],
  )
  for (const gone of rows) ctx.sessions.evict(cookieKey(gone.secret_hash, gone.origin))
  return rows.length
}

/** Ends those that were not used for the longest time, beyond what an account may have. */
export async function endOldestCookies(ctx: Context, userId: string): Promise<void> {
  const oldest = `select id from sessions where user_id = $1
    order by greatest(last_used_at, created_at) desc, id desc offset ${MAX_SESSIONS}`
  await endCookies(ctx, oldest, [userId])
}

/** Ends one session of an account, at once in every process. Tells whether there was one. */
export async function endSession(
  ctx: Context,
  owner: { userId: string; user: PublicKeyZ32 },
  id: string,
): Promise<boolean> {
  const [, kind, rest = ''] = /^(cookie|grant)-([A-Za-z0-9_-]{1,22})$/.exec(id) ?? []
  if (kind === 'cookie')
    return /^\d{1,18}$/.test(rest) && (await endCookies(ctx, '$2', [owner.userId, rest])) > 0
  if (kind !== 'grant') return false
  const { rowCount } = await ctx.pool.query(
    'select 1 from grants where user_id = $1 and id = $2 and revoked_at is null',
    [owner.userId, rest],
  )
  if (rowCount === 0) return false
  await revokeGrant(ctx, owner.userId, rest)
  return true
}
