import { isRoot, parseCapabilities } from '@pubky/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { readWhole } from '../entries/intake.ts'
import { refusals } from '../errors.ts'
import {
  checkGrant,
  checkPop,
  type GrantRequest,
  grantSessionInfo,
  listGrants,
  nowSeconds,
  openGrantSession,
  revokeGrant,
} from '../sessions/grants.ts'
import type { Session } from '../sessions/resolver.ts'
import { signUp } from '../sessions/users.ts'
import { signupToken, tenantOf } from './accounts.ts'

const MAX_JSON_BYTES = 64 * 1024
const SIGNUP_CLIENT = 'pubky.signup'
const SIGNUP_LIFETIME_SECONDS = 300
const CLOCK_SKEW_SECONDS = 180

async function readGrantRequest(request: FastifyRequest): Promise<GrantRequest> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) throw refusals.jsonType()
  const text = (await readWhole(request.raw, MAX_JSON_BYTES)).toString('utf8')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw refusals.jsonSyntax()
  }
  if (json === null || typeof json !== 'object' || !('grant' in json) || !('pop' in json))
    throw refusals.jsonShape()
  const { grant, pop } = json
  if (typeof grant !== 'string' || typeof pop !== 'string') throw refusals.jsonShape()
  if (grant.split('.').length !== 3 || pop.split('.').length !== 3) throw refusals.jsonShape()
  return { grant, pop }
}

async function grantSignUp(ctx: Context, request: FastifyRequest): Promise<void> {
  const code = signupToken(request)
  const { grant: jws, pop } = await readGrantRequest(request)
  const grant = await checkGrant(ctx, jws)
  if (grant.client_id !== SIGNUP_CLIENT) throw refusals.signupClient()
  if (!isRoot(grant.caps.flatMap(parseCapabilities))) throw refusals.rootRequired()
  if (grant.iat > nowSeconds(ctx) + CLOCK_SKEW_SECONDS) throw refusals.signupIat()
  if (grant.exp - grant.iat > SIGNUP_LIFETIME_SECONDS) throw refusals.signupLifetime()
  await checkPop(ctx, grant, pop)
  await signUp(ctx, grant.iss, code)
}

async function required(ctx: Context, request: FastifyRequest): Promise<Session> {
  const session = await ctx.sessions.resolve(request.headers, tenantOf(request))
  if (!session) throw refusals.noSession()
  return session
}

async function requiredRoot(ctx: Context, request: FastifyRequest): Promise<Session> {
  const session = await required(ctx, request)
  if (!isRoot(session.capabilities)) throw refusals.rootRequired()
  return session
}

/** Grant sign-up and sessions (spec/homeserver.md 2.8). */
export function grantRoutes(app: FastifyInstance, ctx: Context): void {
  app.post('/auth/grant/signup', async (request, reply) => {
    await grantSignUp(ctx, request)
    return reply.code(204).send()
  })
  app.post('/auth/grant/session', async (request, reply) => {
    const opened = await openGrantSession(ctx, await readGrantRequest(request))
    return reply.header('cache-control', 'no-store').send(opened)
  })
  app.get('/auth/grant/session', async (request, reply) => {
    const session = await required(ctx, request)
    if (session.kind !== 'grant') throw refusals.unauthorized()
    const info = await grantSessionInfo(ctx, session.user, session.userId, session.credential)
    return reply.header('cache-control', 'no-store').send(info)
  })
  app.delete('/auth/grant/session', async (request, reply) => {
    const session = await ctx.sessions.resolve(request.headers, tenantOf(request))
    if (session?.kind === 'grant') await revokeGrant(ctx, session.userId, session.credential)
    return reply.code(200).send()
  })
  app.get('/auth/grant/sessions', async (request, reply) => {
    const session = await requiredRoot(ctx, request)
    return reply.header('cache-control', 'no-store').send(await listGrants(ctx, session.userId))
  })
  app.delete<{ Params: { gid: string } }>('/auth/grant/session/:gid', async (request, reply) => {
    const session = await requiredRoot(ctx, request)
    const { gid } = request.params
    if (!/^[A-Za-z0-9_-]{1,22}$/.test(gid)) throw refusals.grantId()
    const { rows } = await ctx.pool.query<{ own: boolean }>(
      'select user_id = $2 as own from grants where id = $1 order by own desc limit 1',
      [gid, session.userId],
    )
    if (!rows[0]) throw refusals.notFound()
    if (!rows[0].own) throw refusals.notYourGrant()
    await revokeGrant(ctx, session.userId, gid)
    return reply.code(200).send()
  })
}
