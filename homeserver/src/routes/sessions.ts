import { isRoot } from '@pubky/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { endSession, listSessions } from '../sessions/overview.ts'
import type { Session } from '../sessions/resolver.ts'
import { tenantOf } from './accounts.ts'
import { vary } from './cors.ts'

const VARY = 'pubky-host, Authorization, Cookie'

async function requireRoot(ctx: Context, request: FastifyRequest): Promise<Session> {
  const session = await ctx.sessions.resolve(request.headers, tenantOf(request))
  if (!session) throw refusals.noSession()
  if (!isRoot(session.capabilities)) throw refusals.rootRequired()
  return session
}

/** Our addition: everywhere somebody is signed in, by cookie and by grant, and how to end it. */
export function sessionRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/sessions', async (request, reply) => {
    vary(reply, VARY)
    reply.raw.setHeader('cache-control', 'no-store')
    const session = await requireRoot(ctx, request)
    return reply.send({ sessions: await listSessions(ctx, session) })
  })
  app.delete<{ Params: { id: string } }>('/sessions/:id', async (request, reply) => {
    const session = await requireRoot(ctx, request)
    if (!(await endSession(ctx, session, request.params.id))) throw refusals.notFound()
    return reply.code(204).send()
  })
}
