import { Readable } from 'node:stream'
import { type BlobStore, createHttpServer, type Logger, type Places } from '@pubky/server-kit'
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import type { FastifyInstance } from 'fastify'
import { miscRoutes } from './rest/misc.ts'
import { postRoutes, postStreamRoutes } from './rest/posts.ts'
import { resourceRoutes } from './rest/resources.ts'
import { searchRoutes, tagRoutes } from './rest/search.ts'
import { userRoutes, userStreamRoutes } from './rest/users.ts'
import { staticRoutes } from './static/routes.ts'
import type { VariantStore } from './static/variants.ts'
import type { TrpcContext } from './trpc/context.ts'
import { answerQueries, MAX_BATCH } from './trpc/queries.ts'
import { type AppRouter, appRouter } from './trpc/router.ts'
import { createLivePlaces, limitSubscriptions } from './trpc/subscriptions.ts'

export interface ServerOptions extends TrpcContext {
  log: Logger
  blobs: BlobStore
  variants: VariantStore
  ready: () => Promise<boolean>
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  trustedProxies?: string[] | undefined
  livePlaces?: Places
}

const MAX_BODY_BYTES = 1_048_576

/** Any origin, without credentials (spec/nexus.md 1.1). */
function cors(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*')
    reply.header('access-control-expose-headers', 'pubky-signature, pubky-verdict, retry-after')
    if (request.method !== 'OPTIONS') return
    reply.header('access-control-allow-methods', '*')
    reply.header('access-control-allow-headers', '*')
    reply.header('access-control-max-age', '600')
    return reply.code(200).send()
  })
}

/** How soon a browser comes back to a stream that broke; the library does not say it. */
const RETRY = 'retry: 250\n\n'

async function* withRetry(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(RETRY)
  yield* stream
}

function tellRetry(app: FastifyInstance): void {
  app.addHook('onSend', async (_, __, payload) => {
    if (!(payload instanceof Response) || !payload.body) return payload
    if (!payload.headers.get('content-type')?.startsWith('text/event-stream')) return payload
    const { status, headers } = payload
    const stream = Readable.toWeb(Readable.from(withRetry(payload.body), { objectMode: false }))
    return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>, { status, headers })
  })
}

/** REST below `/v0`, uploads below `/static`, tRPC at `/trpc`: thin faces of one reader. */
export function createNexusServer(o: ServerOptions): FastifyInstance {
  const app = createHttpServer({
    name: 'nexus',
    log: o.log,
    bodyLimit: MAX_BODY_BYTES,
    ready: o.ready,
    trustProxy: o.trustedProxies?.length ? o.trustedProxies : false,
  })
  cors(app)
  tellRetry(app)
  app.setNotFoundHandler((_, reply) => reply.code(404).send())
  userRoutes(app, o.reader)
  userStreamRoutes(app, o.reader)
  postRoutes(app, o.reader)
  postStreamRoutes(app, o.reader)
  searchRoutes(app, o.reader)
  tagRoutes(app, o.reader)
  resourceRoutes(app, o.reader)
  miscRoutes(app, o)
  staticRoutes(app, o)
  const trpcOptions: FastifyTRPCPluginOptions<AppRouter>['trpcOptions'] = {
    router: appRouter,
    createContext: () => o,
    maxBatchSize: MAX_BATCH,
    onError({ error, path }) {
      if (error.code === 'INTERNAL_SERVER_ERROR')
        o.log.error({ error: error.cause ?? error, path }, 'failed')
    },
  }
  app.register(async (scope) => {
    limitSubscriptions(scope, o.livePlaces ?? createLivePlaces())
    answerQueries(scope, o)
    scope.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions })
  })
  return app
}
