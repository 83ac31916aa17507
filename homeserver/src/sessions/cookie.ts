import { encodeCrockford, type PublicKeyZ32, publicKeyBytes } from '@pubky/protocol'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { cookieKey, cookieSecret, sessionOrigin, sha256 } from './resolver.ts'

const YEAR_SECONDS = 31_536_000

/** The host as the client wrote it, which a proxy must pass on (spec/homeserver.md 2.5). */
function requestHost(request: FastifyRequest): string {
  const forwarded = /(?:^|[;,])\s*host="?([^";,]+)/i.exec(
    String(request.headers.forwarded ?? ''),
  )?.[1]
  return forwarded ?? String(request.headers['x-forwarded-host'] ?? request.headers.host ?? '')
}

/** Only a key or a name with a dot gets a cookie for foreign sites; never one with a port. */
function isSecureHost(host: string): boolean {
  if (host.includes(':') || /^[\d.]+$/.test(host)) return false
  return host.includes('.') || /^[a-z0-9]{52}$/.test(host)
}

function attributes(request: FastifyRequest): string {
  return isSecureHost(requestHost(request)) ? '; SameSite=None; Secure' : ''
}

export function sessionCookie(request: FastifyRequest, user: PublicKeyZ32, secret: string): string {
  const expires = new Date(Date.now() + YEAR_SECONDS * 1000).toUTCString()
  return `${user}=${secret}; HttpOnly; Path=/; Max-Age=${YEAR_SECONDS}; Expires=${expires}${attributes(request)}`
}

export function removalCookie(request: FastifyRequest, user: PublicKeyZ32): string {
  const past = new Date(0).toUTCString()
  return `${user}=; HttpOnly; Path=/; Max-Age=0; Expires=${past}${attributes(request)}`
}

const INSERT = `with made as (
    insert into sessions (secret_hash, origin, user_id, capabilities) values ($1, $2, $3, $4)
    on conflict (secret_hash, origin) do update set capabilities = excluded.capabilities, created_at = now()
    where sessions.user_id = excluded.user_id
    returning 1
  )
  select pg_notify('auth_changes', $5) from made`

/** Whether a cookie stands for a session of this person, from whatever origin. */
async function holds(ctx: Context, secret: string, userId: string): Promise<boolean> {
  const { rowCount } = await ctx.pool.query(
    'select 1 from sessions where secret_hash = $1 and user_id = $2 limit 1',
    [sha256(secret), userId],
  )
  return rowCount === 1
}

/**
 * Makes a session for the request's origin. Behind a cookie of the same person that holds already, it
 * is added to that cookie (design 6); without an origin it is one of its own. Returns the cookie's secret,
 * or null for a page that cannot have a session.
 */
export async function createCookieSession(
  ctx: Context,
  request: FastifyRequest,
  o: { user: PublicKeyZ32; userId: string; capabilities: string },
): Promise<string | null> {
  const origin = sessionOrigin(request.headers.origin)
  if (origin === null) return null
  const presented = origin === '' ? null : cookieSecret(request.headers.cookie, o.user)
  const isKept = presented !== null && (await holds(ctx, presented, o.userId))
  const secret = isKept ? presented : encodeCrockford(ctx.random(16))
  const hash = sha256(secret)
  const key = cookieKey(hash, origin)
  await ctx.pool.query(INSERT, [hash, origin, o.userId, o.capabilities, key])
  ctx.sessions.evict(key)
  return secret
}

/**
 * Ends the session of this cookie and origin, at once in every process. Tells whether the cookie still
 * stands for sessions of other origins.
 */
export async function endCookieSession(
  ctx: Context,
  secret: string,
  header: string | undefined,
): Promise<{ remains: boolean }> {
  const hash = sha256(secret)
  const origin = sessionOrigin(header)
  if (origin !== null) {
    const key = cookieKey(hash, origin)
    await ctx.pool.query(
      `with gone as (delete from sessions where secret_hash = $1 and origin = $2 returning id)
       select pg_notify('auth_changes', $3),
         pg_notify('auth_revocations', json_build_object('kind', 'cookie_session', 'id', id)::text)
       from gone`,
      [hash, origin, key],
    )
    ctx.sessions.evict(key)
  }
  const others = await ctx.pool.query('select 1 from sessions where secret_hash = $1 limit 1', [
    hash,
  ])
  return { remains: others.rowCount === 1 }
}

export function keyBytes(key: PublicKeyZ32): Buffer {
  return Buffer.from(publicKeyBytes(key))
}
