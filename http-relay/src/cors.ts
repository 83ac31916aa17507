import type { FastifyInstance } from 'fastify'

const EXPOSED = 'deprecation, retry-after, pubky-error'

/** CORS that mirrors what the browser asks, on every answer (spec/satellites.md 1.3). */
export function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    reply.header('vary', 'origin, access-control-request-method, access-control-request-headers')
    if (origin !== undefined) {
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-allow-credentials', 'true')
      reply.header('access-control-expose-headers', EXPOSED)
    }
    const method = request.headers['access-control-request-method']
    if (request.method !== 'OPTIONS' || method === undefined) return
    const headers = request.headers['access-control-request-headers']
    reply.header('access-control-allow-methods', method)
    if (headers !== undefined) reply.header('access-control-allow-headers', headers)
    await reply.code(200).header('content-length', '0').send()
  })
}
