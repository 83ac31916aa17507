import { createHash } from 'node:crypto'
import {
  type Capability,
  type PublicKeyZ32,
  parseCapabilities,
  publicKeyBytes,
  publicKeyFromBytes,
} from '@pubky/protocol'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'

/** Who makes a request, and what they may do. */
export interface Session {
  kind: 'cookie' | 'grant'
  user: PublicKeyZ32
  userId: string
  capabilities: Capability[]
  /** Id of the session row, or of the grant. */
  credential: string
  /** Seconds since the epoch after which it no longer holds; null for cookies. */
  expiresAt: number | null
}

export interface CredentialHeaders {
  authorization?: string | undefined
  cookie?: string | undefined
  origin?: string | undefined
}

export interface SessionResolver {
  /** Null is anonymous: no credential, or none that holds. */
  resolve(headers: CredentialHeaders, tenant: PublicKeyZ32 | null): Promise<Session | null>
  /** Forgets one cached credential: the payload of a notice on `auth_changes`. */
  evict(key: string): void
  /** Forgets what is cached of one account, of which it is not known what has ended. */
  forgetUser(user: PublicKeyZ32): void
  /** Forgets all that is cached, because notices may have been missed. */
  forget(): void
}

const CACHE_MS = 60_000
const MAX_SESSIONS = 20_000
/** Of all sessions that are remembered, each counting as one more: about a hundred bytes each. */
const MAX_CAPABILITIES = 200_000
const COOKIE_LENGTH = 26
const BEARER = /^Bearer ([A-Za-z0-9_-]{43})$/

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Longer ones are no origins, and would not fit into a notice. */
const MAX_ORIGIN = 300

/**
 * The web origin that cookie sessions are bound to (design 6), '' for clients without one. Null for a
 * page that has none of its own: anybody could be behind it.
 */
export function sessionOrigin(header: string | undefined): string | null {
  if (header === undefined) return ''
  return header === 'null' || header.length > MAX_ORIGIN ? null : header
}

export function bearerKey(tokenHash: Buffer): string {
  return `b${tokenHash.toString('base64')}`
}

export function cookieKey(secretHash: Buffer, origin: string): string {
  return `c${secretHash.toString('base64')} ${origin}`
}

/** The value of the cookie that is named after a person, as far as it can be a secret. */
export function cookieSecret(header: string | undefined, user: PublicKeyZ32): string | null {
  for (const part of header?.split(';') ?? []) {
    const at = part.indexOf('=')
    if (at < 0 || part.slice(0, at).trim() !== user) continue
    const value = part.slice(at + 1).trim()
    if (value.length === COOKIE_LENGTH) return value
  }
  return null
}

const COOKIE_SQL = `select s.id, s.user_id, s.capabilities, u.key
  from sessions s join users u on u.id = s.user_id
  where s.secret_hash = $1 and s.origin = $2`

const BEARER_SQL = `select g.id, g.user_id, g.capabilities, u.key, least(b.expires_at, g.expires_at)::text as expires_at
  from grant_sessions b
  join grants g on g.user_id = b.user_id and g.id = b.grant_id
  join users u on u.id = g.user_id
  where b.token_hash = $1 and g.revoked_at is null`

interface Row {
  id: string
  user_id: string
  capabilities: string
  key: Buffer
  expires_at?: string
}

/** Looks up credentials (spec/homeserver.md 2.7): a bearer that holds, else the tenant's cookie. */
export function createSessionResolver(o: {
  pool: Pool
  nowSeconds: () => number
  /** Told of each session that was looked up, which is at most once in a minute. */
  onUse?: (session: Session) => void
}): SessionResolver {
  const { pool, nowSeconds, onUse } = o
  const cache = new LRUCache<string, { session: Session | null }>({
    max: MAX_SESSIONS,
    ttl: CACHE_MS,
    maxSize: MAX_CAPABILITIES,
    sizeCalculation: ({ session }) => 1 + (session?.capabilities.length ?? 0),
  })
  const bearerKeys = new LRUCache<string, string>({ max: MAX_SESSIONS, ttl: CACHE_MS })
  let generation = 0

  async function cached(key: string, look: () => Promise<Session | null>): Promise<Session | null> {
    const found = cache.get(key)
    if (found) return found.session
    const asOf = generation
    const session = await look()
    if (session) onUse?.(session)
    // A revocation in between must not be forgotten by caching what was read before it.
    if (session && asOf === generation) cache.set(key, { session })
    return session
  }

  function toSession(kind: Session['kind'], row: Row): Session {
    return {
      kind,
      user: publicKeyFromBytes(row.key),
      userId: row.user_id,
      capabilities: parseCapabilities(row.capabilities),
      credential: row.id,
      expiresAt: row.expires_at === undefined ? null : Number(row.expires_at),
    }
  }

  /** Every request brings its token, and hashing it is a good part of looking at it. */
  function keyOf(token: string): string {
    const known = bearerKeys.get(token)
    if (known !== undefined) return known
    const key = bearerKey(sha256(token))
    bearerKeys.set(token, key)
    return key
  }

  async function bearer(token: string): Promise<Session | null> {
    const known = cache.get(keyOf(token))
    const session = known ? known.session : await lookUpBearer(token)
    return session?.expiresAt && session.expiresAt > nowSeconds() ? session : null
  }

  function lookUpBearer(token: string): Promise<Session | null> {
    return cached(keyOf(token), async () => {
      const values = [sha256(token)]
      const { rows } = await pool.query<Row>({ name: 'bearer', text: BEARER_SQL, values })
      return rows[0] ? toSession('grant', rows[0]) : null
    })
  }

  async function cookie(
    secret: string,
    origin: string,
    tenant: PublicKeyZ32,
  ): Promise<Session | null> {
    const hash = sha256(secret)
    const session = await cached(cookieKey(hash, origin), async () => {
      const values = [hash, origin]
      const { rows } = await pool.query<Row>({ name: 'cookie', text: COOKIE_SQL, values })
      return rows[0] ? toSession('cookie', rows[0]) : null
    })
    return session?.user === tenant ? session : null
  }

  return {
    async resolve(headers, tenant) {
      const token = BEARER.exec(headers.authorization ?? '')?.[1]
      const byBearer = token ? await bearer(token) : null
      if (byBearer) return byBearer
      const secret = tenant && cookieSecret(headers.cookie, tenant)
      const origin = sessionOrigin(headers.origin)
      return tenant && secret && origin !== null ? cookie(secret, origin, tenant) : null
    },
    evict(key) {
      generation += 1
      cache.delete(key)
    },
    forgetUser(user) {
      generation += 1
      for (const [key, { session }] of cache) if (session?.user === user) cache.delete(key)
    },
    forget() {
      generation += 1
      cache.clear()
    },
  }
}

/** The row id of an account, or null. */
export async function findUser(
  pool: Pool,
  key: PublicKeyZ32,
): Promise<{ id: string; disabled: boolean } | null> {
  const { rows } = await pool.query<{ id: string; disabled: boolean }>({
    name: 'user_by_key',
    text: 'select id, disabled from users where key = $1',
    values: [Buffer.from(publicKeyBytes(key))],
  })
  return rows[0] ?? null
}

/** The row ids of those accounts that exist. */
export async function findUserIds(
  pool: Pool,
  keys: readonly PublicKeyZ32[],
): Promise<Map<PublicKeyZ32, string>> {
  const { rows } = await pool.query<{ id: string; key: Buffer }>({
    name: 'users_by_keys',
    text: 'select id, key from users where key = any ($1::bytea[])',
    values: [keys.map((key) => Buffer.from(publicKeyBytes(key)))],
  })
  return new Map(rows.map(({ id, key }) => [publicKeyFromBytes(key), id]))
}
