import {
  type AuthToken,
  encodeSessionRecord,
  formatCapabilities,
  formatCapability,
  ProtocolError,
  verifyAuthToken,
} from '@pubky/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { readWhole } from '../entries/intake.ts'
import { refusals } from '../errors.ts'
import { areTooMany, isTokenTooLong } from '../sessions/capability-limits.ts'
import {
  createCookieSession,
  endCookieSession,
  removalCookie,
  sessionCookie,
} from '../sessions/cookie.ts'
import { useAuthToken } from '../sessions/grants.ts'
import { endOldestCookies } from '../sessions/overview.ts'
import { cookieSecret, findUser, type Session } from '../sessions/resolver.ts'
import { isSignupToken, signUp } from '../sessions/users.ts'
import { headerTenant, splitTarget } from '../tenant.ts'

/** Tokens are short; official servers hold two megabytes of whoever sends them. */
const MAX_TOKEN_BYTES = 64 * 1024

function tooManyCapabilities(): ProtocolError {
  return new ProtocolError('invalid_auth_token', 'AuthToken has too many capabilities')
}

async function readAuthToken(ctx: Context, request: FastifyRequest): Promise<AuthToken> {
  const bytes = await readWhole(request.raw, MAX_TOKEN_BYTES)
  try {
    if (isTokenTooLong(bytes)) throw tooManyCapabilities()
    const token = await verifyAuthToken(bytes, ctx.clock())
    if (areTooMany(token.capabilities)) throw tooManyCapabilities()
    await useAuthToken(ctx, token.publicKey, token.timestamp)
    return token
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    ctx.signals.note('sign_in', request.ip)
    throw refusals.authToken(error.code, error.message)
  }
}

export function signupToken(request: FastifyRequest): string | null {
  const token = new URLSearchParams(splitTarget(request.originalUrl).query).get('signup_token')
  if (token !== null && !isSignupToken(token)) throw refusals.tokenFormat()
  return token
}

export function tenantOf(request: FastifyRequest) {
  return headerTenant(request.headers, splitTarget(request.originalUrl).query)
}

async function answerWithSession(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  token: AuthToken,
  userId: string,
): Promise<FastifyReply> {
  const user = token.publicKey
  const capabilities = formatCapabilities(token.capabilities)
  const secret = await createCookieSession(ctx, request, { user, userId, capabilities })
  await endOldestCookies(ctx, userId)
  if (secret !== null) reply.header('set-cookie', sessionCookie(request, user, secret))
  return sendRecord(reply, { user, capabilities: token.capabilities }, ctx.clock())
}

function sendRecord(
  reply: FastifyReply,
  session: Pick<Session, 'user' | 'capabilities'>,
  createdAt: bigint,
): FastifyReply {
  const record = encodeSessionRecord({
    publicKey: session.user,
    createdAt,
    name: '',
    userAgent: '',
    capabilities: session.capabilities.map(formatCapability),
  })
  return reply.type('application/octet-stream').send(Buffer.from(record))
}

async function getSession(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const session = await ctx.sessions.resolve(request.headers, tenantOf(request))
  // 404 is what clients of every generation take for "not signed in" (spec/homeserver.md 0).
  if (!session) throw refusals.notFound()
  if (session.kind === 'grant') throw refusals.unauthorized()
  const { rows } = await ctx.pool.query<{ created: string }>(
    'select extract(epoch from created_at)::bigint::text as created from sessions where id = $1',
    [session.credential],
  )
  reply.header('cache-control', 'private, must-revalidate')
  return sendRecord(reply, session, BigInt(rows[0]?.created ?? 0))
}

async function deleteSession(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const tenant = tenantOf(request)
  if (!tenant) throw refusals.missingTenant()
  const secret = cookieSecret(request.headers.cookie, tenant)
  const { remains } = secret
    ? await endCookieSession(ctx, secret, request.headers.origin)
    : { remains: false }
  if (!remains) reply.header('set-cookie', removalCookie(request, tenant))
  return reply.code(200).send()
}

/** Cookie accounts and sessions (spec/homeserver.md 2.4, 2.6). */
export function accountRoutes(app: FastifyInstance, ctx: Context): void {
  app.post('/signup', async (request, reply) => {
    const code = signupToken(request)
    const token = await readAuthToken(ctx, request)
    const userId = await signUp(ctx, token.publicKey, code)
    return answerWithSession(ctx, request, reply, token, userId)
  })
  app.post('/session', async (request, reply) => {
    const token = await readAuthToken(ctx, request)
    const user = await findUser(ctx.pool, token.publicKey)
    if (!user) throw refusals.notFound()
    return answerWithSession(ctx, request, reply, token, user.id)
  })
  app.get('/session', (request, reply) => getSession(ctx, request, reply))
  app.delete('/session', (request, reply) => deleteSession(ctx, request, reply))
  app.get<{ Params: { token: string } }>('/signup_tokens/:token', async (request, reply) => {
    if (ctx.config.signupMode === 'open') throw refusals.tokensNotRequired()
    const { token } = request.params
    if (!isSignupToken(token)) throw refusals.tokenFormat()
    const { rows } = await ctx.pool.query<{ created_at: Date; used_at: Date | null }>(
      'select created_at, used_at from signup_codes where code = $1',
      [token],
    )
    const row = rows[0]
    if (!row) throw refusals.tokenNotFound()
    const status = row.used_at ? 'used' : 'valid'
    const created_at = row.created_at.toISOString().replace('Z', '+00:00')
    return reply.header('cache-control', 'no-store').send({ status, created_at })
  })
}
