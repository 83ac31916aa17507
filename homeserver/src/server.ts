import { createHttpServer } from '@pubky/server-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { countAnswers } from './admin/metrics.ts'
import { tellAway } from './away.ts'
import type { Context } from './context.ts'
import { refusals } from './errors.ts'
import { limitRequests } from './limits/limits.ts'
import { cutSlowClients } from './limits/slow-clients.ts'
import { createMovingGate, type MovingGate } from './moving/gate.ts'
import { movingRoutes } from './moving/routes.ts'
import { accountRoutes } from './routes/accounts.ts'
import { adminRoutes } from './routes/admin.ts'
import { cors } from './routes/cors.ts'
import { eventRoutes } from './routes/events.ts'
import { eventStreamRoutes } from './routes/events-stream.ts'
import { grantRoutes } from './routes/grants.ts'
import { answerKnownFiles } from './routes/known-files.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { answerShortWrites } from './routes/short-writes.ts'
import { readStorage } from './routes/storage-read.ts'
import { writeStorage } from './routes/storage-write.ts'
import { usageRoutes } from './routes/usage.ts'
import { type StorageTarget, splitTarget, storageTarget, tenantOf } from './tenant.ts'

const FEATURES = [
  'path-addressed-storage',
  'events-live',
  'events-inline',
  'object-signatures',
  'moving',
  'usage',
  'sessions',
]
/** Where requests of files arrive inside; no request target can name it. */
const STORAGE_ROUTE = '/~storage'
const FIXED =
  /^\/(?:info|signup|session|moving|usage|sessions(?:\/[^/]*)?|health|ready|events\/|events-stream|auth\/grant\/.*|signup_tokens\/.*)?$/

/** How long requests may go on after the stop began; the process is cut off after ten seconds. */
export const DRAIN_MS = 8000

/**
 * The router decodes paths and would decode twice what storage has to decode once: requests of files
 * keep their raw target and take one route.
 */
function route(url: string): string {
  const { path } = splitTarget(url)
  return FIXED.test(path) ? url : STORAGE_ROUTE
}

const WRITES = new Set(['PUT', 'DELETE'])

/** Who may not write at all is told that, whatever is wrong with the path (spec/homeserver.md 5.2). */
async function targetOf(ctx: Context, request: FastifyRequest): Promise<StorageTarget> {
  const { method, originalUrl, headers } = request
  try {
    return storageTarget(originalUrl, headers)
  } catch (error) {
    const isWrite = WRITES.has(method)
    if (isWrite && !(await ctx.sessions.resolve(headers, tenantOf(originalUrl, headers))))
      throw refusals.noSession()
    throw error
  }
}

async function storage(
  ctx: Context,
  gate: MovingGate,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = await targetOf(ctx, request)
  ctx.metrics.storageRequest(request, target)
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return readStorage(ctx, request, reply, target)
    case 'PUT':
    case 'DELETE':
      return reply.code(await writeStorage(ctx, gate, request, reply.raw, target)).send()
    default:
      throw refusals.methodNotAllowed()
  }
}

/** Bodies are streamed by the routes that take them. */
function streamBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
}

function plainText(app: FastifyInstance): void {
  app.setNotFoundHandler(async () => {
    throw refusals.methodNotAllowed()
  })
}

/** The server of clients: accounts, storage, events. */
export function createClientServer(ctx: Context): FastifyInstance {
  const app = createHttpServer({
    name: 'homeserver',
    log: ctx.log,
    errors: 'text',
    rewriteUrl: route,
    trustProxy: ctx.config.trustedProxies.length > 0 ? ctx.config.trustedProxies : false,
    ready: () => ctx.hub.listening,
    closeGraceMs: DRAIN_MS,
  })
  streamBodies(app)
  plainText(app)
  cors(app)
  limitRequests(app, ctx)
  const slow = cutSlowClients(app)
  countAnswers(app, ctx.metrics)
  const gate = createMovingGate(ctx)
  app.register(async (scope) => {
    scope.setErrorHandler(tellAway)
    routes(scope, ctx, gate)
  })
  answerKnownFiles(app.server, ctx)
  answerShortWrites(app.server, ctx, { gate, slow, route: STORAGE_ROUTE })
  return app
}

function routes(app: FastifyInstance, ctx: Context, gate: MovingGate): void {
  app.get('/', async (_, reply) => reply.type('text/plain').send('Pubky Homeserver'))
  app.get('/info', async (_, reply) =>
    reply.header('cache-control', 'no-store').send({ features: FEATURES }),
  )
  accountRoutes(app, ctx)
  grantRoutes(app, ctx)
  movingRoutes(app, ctx, gate)
  usageRoutes(app, ctx)
  sessionRoutes(app, ctx)
  eventRoutes(app, ctx)
  eventStreamRoutes(app, ctx)
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH'],
    url: STORAGE_ROUTE,
    exposeHeadRoute: false,
    handler: (request, reply) => storage(ctx, gate, request, reply),
  })
}

export function createAdminServer(ctx: Context): FastifyInstance {
  const app = createHttpServer({ name: 'homeserver admin', log: ctx.log, errors: 'text' })
  adminRoutes(app, ctx)
  return app
}
