import type { FastifyInstance } from 'fastify'

const EXPOSED = 'pkarr-invalid-signed-packet-seq,pkarr-dht-stored-nodes'

/**
 * CORS that mirrors what the browser asks, on every answer. Official relays leave it out of 429,
 * which browsers then show as a network error; that is not followed (spec/discovery.md 2.4, 2.5).
 */
export function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    reply.header(
      'vary',
      'accept, origin, access-control-request-method, access-control-request-headers',
    )
    if (origin !== undefined) {
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-allow-credentials', 'true')
      reply.header('access-control-expose-headers', EXPOSED)
    }
    if (request.method !== 'OPTIONS') return
    const method = request.headers['access-control-request-method']
    const headers = request.headers['access-control-request-headers']
    if (method !== undefined) reply.header('access-control-allow-methods', method)
    if (headers !== undefined) reply.header('access-control-allow-headers', headers)
    await reply.code(200).header('content-length', '0').send()
  })
}
