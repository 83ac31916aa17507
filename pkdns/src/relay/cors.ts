import type { FastifyInstance } from 'fastify'

const EXPOSED = 'pkarr-invalid-signed-packet-seq,pkarr-dht-stored-nodes'
const VARY = 'accept, origin, access-control-request-method, access-control-request-headers'

/** Names and values in turn. */
export function corsHeaders(origin: string | undefined): string[] {
  const vary = ['vary', VARY]
  if (origin === undefined) return vary
  return [
    ...vary,
    'access-control-allow-origin',
    origin,
    'access-control-allow-credentials',
    'true',
    'access-control-expose-headers',
    EXPOSED,
  ]
}

/**
 * CORS that mirrors what the browser asks, on every answer. Official relays leave it out of 429,
 * which browsers then show as a network error; that is not followed (spec/discovery.md 2.4, 2.5).
 */
export function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const mirrored = corsHeaders(request.headers.origin)
    for (let at = 0; at < mirrored.length; at += 2)
      reply.header(mirrored[at] ?? '', mirrored[at + 1])
    if (request.method !== 'OPTIONS') return
    const method = request.headers['access-control-request-method']
    const headers = request.headers['access-control-request-headers']
    if (method !== undefined) reply.header('access-control-allow-methods', method)
    if (headers !== undefined) reply.header('access-control-allow-headers', headers)
    await reply.code(200).header('content-length', '0').send()
  })
}
