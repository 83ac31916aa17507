import { encodeCrockford, type PublicKeyZ32, publicKeyBytes } from '@pubky/protocol'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { cookieSecret, sha256 } from './resolver.ts'

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

const INSERT = `insert into sessions (secret_hash, origin, user_id, capabilities) values ($1, $2, $3, $4)
  on conflict (secret_hash, origin) do update set capabilities = excluded.capabilities, created_at = now()
  where sessions.user_id = excluded.user_id`

/**
 * Makes a session for the request's origin. Behind a cookie of the same person that holds already, it
 * is added to that cookie (design 6). Returns the cookie's secret.
 */
export async function createCookieSession(
  ctx: Context,
  request: FastifyRequest,
  o: { user: PublicKeyZ32; userId: string; capabilities: string },
): Promise<string> {
  const presented = cookieSecret(request.headers.cookie, o.user)
  const known =
    presented &&
    (
      await ctx.pool.query(
        'select 1 from sessions where secret_hash = $1 and user_id = $2 limit 1',
        [sha256(presented), o.userId],
      )
    ).rowCount
  const secret = presented && known ? presented : encodeCrockford(ctx.random(16))
  const origin = request.headers.origin ?? ''
  await ctx.pool.query(INSERT, [sha256(secret), origin, o.userId, o.capabilities])
  ctx.sessions.forget()
  return secret
}

/** Ends the session of this cookie and origin, at once in every process. */
export async function endCookieSession(
  ctx: Context,
  secret: string,
  origin: string,
): Promise<void> {
  await ctx.pool.query(
    `with gone as (delete from sessions where secret_hash = $1 and origin = $2 returning id)
     select pg_notify('auth_revocations', json_build_object('kind', 'cookie_session', 'id', id)::text) from gone`,
    [sha256(secret), origin],
  )
  ctx.sessions.forget()
}

export function keyBytes(key: PublicKeyZ32): Buffer {
  return Buffer.from(publicKeyBytes(key))
}
