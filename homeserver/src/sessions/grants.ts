import {
  type GrantClaims,
  ProtocolError,
  type PublicKeyZ32,
  revocationPath,
  toBase64Url,
  verifyGrant,
  verifyPop,
} from '@pubky/protocol'
import { withTransaction } from '@pubky/server-kit'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { areTooMany, isGrantTooLong } from './capability-limits.ts'
import { keyBytes } from './cookie.ts'
import { bearerKey, findUser, sha256 } from './resolver.ts'

/** How long a bearer holds, in seconds. */
export const BEARER_SECONDS = 3600
/** Cookie sessions of an account, and bearers: when there are more, the least used end. */
export const MAX_SESSIONS = 1000
/** Of an account, revoked ones among them: each is remembered until it ends or would have ended. */
const MAX_GRANTS = 10_000
/** How long after its end a grant is still remembered: clocks differ. */
const FORGET_AFTER_SECONDS = 86_400

export interface GrantRequest {
  grant: string
  pop: string
}

export interface GrantSessionInfo {
  homeserver: PublicKeyZ32
  pubky: PublicKeyZ32
  client_id: string
  capabilities: string[]
  grant_id: string
  token_expires_at: number
  grant_expires_at: number
  created_at: number
}

export function nowSeconds(ctx: Context): number {
  return Number(ctx.clock() / 1_000_000n)
}

const TOO_MANY = 'grant has too many capabilities'

/** Checks a grant and turns refusals into those of spec/homeserver.md 2.8. */
export async function checkGrant(ctx: Context, jws: string): Promise<GrantClaims> {
  try {
    if (isGrantTooLong(jws)) throw new ProtocolError('invalid_grant_format', TOO_MANY)
    const grant = await verifyGrant(jws, nowSeconds(ctx))
    if (areTooMany(grant.caps)) throw new ProtocolError('invalid_grant_format', TOO_MANY)
    // The one character that the database does not keep.
    if (grant.client_id.includes('\0'))
      throw new ProtocolError('invalid_grant_format', 'invalid grant format')
    return grant
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const status =
      error.code === 'invalid_grant_signature' || error.code === 'grant_expired' ? 401 : 400
    throw refusals.grant(status, error.code, error.message)
  }
}

/** Checks the proof of possession and uses its nonce up. */
export async function checkPop(ctx: Context, grant: GrantClaims, jws: string): Promise<void> {
  let nonce: string
  try {
    const o = { cnf: grant.cnf, aud: ctx.publicKey, gid: grant.jti, nowSeconds: nowSeconds(ctx) }
    nonce = (await verifyPop(jws, o)).nonce
  } catch (error) {
    if (error instanceof ProtocolError) throw refusals.pop(error.message)
    throw error
  }
  const used = await ctx.pool.query(
    'insert into pop_nonces (nonce) values ($1) on conflict do nothing',
    [nonce],
  )
  if (used.rowCount === 0) throw refusals.nonceUsed()
}

async function refuseRevoked(ctx: Context, grant: GrantClaims): Promise<void> {
  const { rows } = await ctx.pool.query<{ revoked: boolean }>(
    `select g.revoked_at is not null as revoked from grants g join users u on u.id = g.user_id
     where u.key = $1 and g.id = $2`,
    [keyBytes(grant.iss), grant.jti],
  )
  if (rows[0]?.revoked) throw refusals.grantRevoked()
}

/** Takes away the bearer of a grant, and tells every process. Returns what is to be evicted here. */
async function endBearer(
  client: Pick<Context['pool'], 'query'>,
  userId: string,
  grantId: string,
): Promise<string[]> {
  const { rows } = await client.query<{ token_hash: Buffer }>(
    'delete from grant_sessions where user_id = $1 and grant_id = $2 returning token_hash',
    [userId, grantId],
  )
  const keys = rows.map((row) => bearerKey(row.token_hash))
  for (const key of keys) await client.query("select pg_notify('auth_changes', $1)", [key])
  return keys
}

/** There is no end to grants that can be made. */
async function refuseMore(client: Pick<Context['pool'], 'query'>, userId: string): Promise<void> {
  const { rowCount } = await client.query(
    `select 1 from grants where user_id = $1 offset ${MAX_GRANTS} limit 1`,
    [userId],
  )
  if (rowCount) throw refusals.tooManyGrants()
}

/**
 * Ends the bearers of the grants that were not used for the longest time, beyond what an account may have
 * beside that of the one given. Who holds such a grant may come back with it, so it is not forgotten: it
 * can still be revoked. Returns what is to be evicted.
 */
async function endOldestBearers(
  client: Pick<Context['pool'], 'query'>,
  userId: string,
  grantId: string,
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select g.id from grants g join grant_sessions b on b.user_id = g.user_id and b.grant_id = g.id
     where g.user_id = $1 and g.id <> $2
     order by greatest(g.last_used_at, g.created_at) desc, g.id offset ${MAX_SESSIONS - 1}
     for update skip locked`,
    [userId, grantId],
  )
  const keys: string[] = []
  for (const { id } of rows) {
    keys.push(...(await endBearer(client, userId, id)))
    await client.query(
      "select pg_notify('auth_revocations', json_build_object('kind', 'grant', 'id', $1::text)::text)",
      [id],
    )
  }
  return keys
}

/** Opens or renews the session of a grant: one live bearer each. */
export async function openGrantSession(
  ctx: Context,
  request: GrantRequest,
): Promise<{ token: string; session: GrantSessionInfo }> {
  const grant = await checkGrant(ctx, request.grant)
  await refuseRevoked(ctx, grant)
  await checkPop(ctx, grant, request.pop)
  const user = await findUser(ctx.pool, grant.iss)
  if (!user) throw refusals.notFound()
  const token = toBase64Url(ctx.random(32))
  const expiresAt = nowSeconds(ctx) + BEARER_SECONDS
  let old: string[] = []
  const createdAt = await withTransaction(ctx.pool, async (client) => {
    // A revocation of the key that is stored at this moment is seen by the statement below, or sees it.
    await client.query(
      "select pg_advisory_xact_lock_shared(hashtextextended('revoked keys', $1))",
      [user.id],
    )
    const stored = await client.query<{
      created_at: string
      revoked: boolean
      client_key: Buffer
      is_new: boolean
    }>(
      `insert into grants (user_id, id, client_id, client_key, capabilities, issued_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (user_id, id) do update set id = excluded.id
       returning extract(epoch from created_at)::bigint::text as created_at,
         client_key, xmax = 0 as is_new, revoked_at is not null or exists (
           select from entries e where e.user_id = $1 and e.path = $8
         ) as revoked`,
      [
        user.id,
        grant.jti,
        grant.client_id,
        keyBytes(grant.cnf),
        grant.caps.join(','),
        grant.iat,
        grant.exp,
        revocationPath(grant.cnf),
      ],
    )
    const row = stored.rows[0]
    // A second grant under the id of the first must not borrow what the first allowed.
    if (!row || row.revoked || !row.client_key.equals(keyBytes(grant.cnf)))
      throw refusals.grantRevoked()
    if (row.is_new) await refuseMore(client, user.id)
    old = await endBearer(client, user.id, grant.jti)
    old.push(...(await endOldestBearers(client, user.id, grant.jti)))
    await client.query(
      'insert into grant_sessions (token_hash, user_id, grant_id, expires_at) values ($1, $2, $3, $4)',
      [sha256(token), user.id, grant.jti, expiresAt],
    )
    return Number(row.created_at)
  })
  for (const key of old) ctx.sessions.evict(key)
  const session: GrantSessionInfo = {
    homeserver: ctx.publicKey,
    pubky: grant.iss,
    client_id: grant.client_id,
    capabilities: grant.caps,
    grant_id: grant.jti,
    token_expires_at: expiresAt,
    grant_expires_at: grant.exp,
    created_at: createdAt,
  }
  return { token, session }
}

/** The session object of a bearer that holds. */
export async function grantSessionInfo(
  ctx: Context,
  user: PublicKeyZ32,
  userId: string,
  grantId: string,
): Promise<GrantSessionInfo> {
  const { rows } = await ctx.pool.query<{
    client_id: string
    capabilities: string
    token_expires_at: string
    grant_expires_at: string
    created_at: string
  }>(
    `select g.client_id, g.capabilities, b.expires_at::text as token_expires_at,
       g.expires_at::text as grant_expires_at, extract(epoch from g.created_at)::bigint::text as created_at
     from grants g join grant_sessions b on b.user_id = g.user_id and b.grant_id = g.id
     where g.user_id = $1 and g.id = $2`,
    [userId, grantId],
  )
  const row = rows[0]
  if (!row) throw refusals.noSession()
  return {
    homeserver: ctx.publicKey,
    pubky: user,
    client_id: row.client_id,
    capabilities: row.capabilities === '' ? [] : row.capabilities.split(','),
    grant_id: grantId,
    token_expires_at: Number(row.token_expires_at),
    grant_expires_at: Number(row.grant_expires_at),
    created_at: Number(row.created_at),
  }
}

/** Grants that hold, newest first, as `GET /auth/grant/sessions` lists them. */
export async function listGrants(ctx: Context, userId: string): Promise<unknown[]> {
  const { rows } = await ctx.pool.query<{
    id: string
    client_id: string
    capabilities: string
    issued_at: string
    expires_at: string
  }>(
    `select id, client_id, capabilities, issued_at::text, expires_at::text from grants
     where user_id = $1 and revoked_at is null and expires_at > $2
     order by created_at desc, id limit ${MAX_SESSIONS}`,
    [userId, nowSeconds(ctx)],
  )
  return rows.map((row) => ({
    grant_id: row.id,
    client_id: row.client_id,
    capabilities: row.capabilities,
    issued_at: Number(row.issued_at),
    expires_at: Number(row.expires_at),
  }))
}

/** Revokes a grant and ends its session, at once in every process. */
export async function revokeGrant(ctx: Context, userId: string, grantId: string): Promise<void> {
  const old = await withTransaction(ctx.pool, async (client) => {
    await client.query(
      `with gone as (
         update grants set revoked_at = coalesce(revoked_at, now()) where user_id = $1 and id = $2 returning id
       )
       select pg_notify('auth_revocations', json_build_object('kind', 'grant', 'id', id)::text) from gone`,
      [userId, grantId],
    )
    return endBearer(client, userId, grantId)
  })
  for (const key of old) ctx.sessions.evict(key)
}

/** Forgets nonces and tokens that can no longer be used anyway. */
export async function purgeUsed(ctx: Context): Promise<void> {
  await ctx.pool.query("delete from pop_nonces where created_at < now() - interval '400 seconds'")
  await ctx.pool.query("delete from used_tokens where created_at < now() - interval '400 seconds'")
}

/** Forgets grants and bearers that have ended. */
export async function purgeExpired(ctx: Context): Promise<void> {
  const before = nowSeconds(ctx) - FORGET_AFTER_SECONDS
  await ctx.pool.query('delete from grants where expires_at < $1', [before])
  await ctx.pool.query('delete from grant_sessions where expires_at < $1', [before])
}

/** A cookie-sign-in token may be used once; rows remember it across processes and restarts. */
export async function useAuthToken(
  ctx: Context,
  key: PublicKeyZ32,
  timestamp: bigint,
): Promise<void> {
  const used = await ctx.pool.query(
    'insert into used_tokens (key, ts_micros) values ($1, $2) on conflict do nothing',
    [keyBytes(key), String(timestamp)],
  )
  if (used.rowCount === 0) throw refusals.authTokenUsed()
}
