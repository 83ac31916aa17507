import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const EXPOSED =
  'retry-after, etag, date, pubky-signature, pubky-error, pubky-moved-to, content-range'
const VARY = 'origin, access-control-request-method, access-control-request-headers'

/** What every answer says: names and values in turn, as `writeHead` takes them. */
export function corsHead(origin: string | undefined): string[] {
  if (origin === undefined) return ['vary', VARY]
  return [
    ...['vary', VARY, 'access-control-allow-origin', origin],
    ...['access-control-allow-credentials', 'true', 'access-control-expose-headers', EXPOSED],
  ]
}

/** For answers that other headers will join. */
export function setCors(response: ServerResponse, origin: string | undefined): void {
  const head = corsHead(origin)
  for (let i = 0; i < head.length; i += 2) response.setHeader(head[i] ?? '', head[i + 1] ?? '')
}

/** Mirrors the origin with credentials and answers every preflight (spec/homeserver.md 5.6). */
export function cors(
  app: FastifyInstance,
  isClosed: (request: FastifyRequest) => boolean = () => false,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (isClosed(request)) return done()
    setCors(reply.raw, request.headers.origin)
    if (request.method !== 'OPTIONS') return done()
    const method = request.headers['access-control-request-method']
    const headers = request.headers['access-control-request-headers']
    if (method) reply.raw.setHeader('access-control-allow-methods', method)
    if (headers) reply.raw.setHeader('access-control-allow-headers', headers)
    reply.raw.setHeader('access-control-max-age', '600')
    reply.code(200).send()
  })
}

/** Adds one more `Vary` line, next to the one that CORS needs. */
export function vary(
  reply: { raw: { setHeader(name: string, value: string[]): unknown } },
  names: string,
): void {
  reply.raw.setHeader('vary', [VARY, names])
}
