import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { type ServiceError, StartError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { type ErrorForm, errorAnswer, textHeaders } from './error-answer.ts'

export interface HttpServerOptions {
  name: string
  log: Logger
  /** Largest body that is read into memory; streamed bodies are the route's concern. */
  bodyLimit?: number
  /** Until the whole head of a request is there. */
  headersTimeoutMs?: number
  /** Until all of a request is there, its body included; without a limit when absent. */
  requestTimeoutMs?: number
  /** How long nothing may pass over a connection, also while a request waits for its answer. */
  idleTimeoutMs?: number
  /** Addresses of proxies whose `X-Forwarded-For` is believed; nobody's by default. */
  trustProxy?: string[] | false
  /** How long requests may go on after the server began to close. */
  closeGraceMs?: number
  errors?: ErrorForm
  ready?: () => Promise<boolean> | boolean
  /** Maps a request target to a route before the router sees it; the target itself stays. */
  rewriteUrl?: (url: string) => string
}

/** How often connections are looked at for heads and bodies that take too long. */
const CHECK_MS = 5000
const IDLE_TIMEOUT_MS = 120_000
const CLOSE_GRACE_MS = 1500
/** Requests of one connection that wait for their answers; without a limit a few megabytes of them fill memory. */
const MAX_PIPELINED = 100

/**
 * A connection may have so many requests open. When the server closes, streams of events end at once (their clients come back by themselves), and
 * other requests get a moment to finish; nothing holds up the stop for longer.
 */
function watchConnections(app: FastifyInstance, graceMs: number): void {
  // By connection: an answer that waits behind others is never told that its connection has ended.
  const open = new Map<Socket, Set<ServerResponse>>()
  let closing = false
  function onClose(this: ServerResponse): void {
    open.get(this.req.socket)?.delete(this)
    // A connection that is kept alive becomes idle only after its last answer.
    if (closing) setImmediate(() => app.server.closeIdleConnections())
  }
  /** What is read for an answer is closed when that is; nobody else tells those that waited. */
  function end(socket: Socket): void {
    for (const answer of open.get(socket) ?? [])
      if (!answer.socket && !answer.writableFinished) {
        answer.destroy()
        // As Node does for the one whose turn it is.
        Object.assign(answer, { _closed: true })
        answer.emit('close')
      }
    open.delete(socket)
  }
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    const { raw } = reply
    let answers = open.get(socket)
    if (socket.destroyed || (answers?.size ?? 0) >= MAX_PIPELINED) {
      socket.destroy()
      // Nobody waits for it any more.
      return void reply.hijack()
    }
    if (!answers) {
      answers = new Set()
      open.set(socket, answers)
      socket.once('close', () => end(socket))
    }
    answers.add(raw)
    raw.once('close', onClose)
    done()
  })
  app.addHook('preClose', async () => {
    closing = true
    for (const response of [...open.values()].flatMap((answers) => [...answers])) {
      const type = String(response.getHeader('content-type') ?? '')
      if (response.headersSent && type.startsWith('text/event-stream')) response.destroy()
    }
    const cut = setTimeout(() => app.server.closeAllConnections(), graceMs)
    app.server.once('close', () => clearTimeout(cut))
  })
}

/** A Fastify server with health routes and one mapping of errors; unknown ones become 500 with an id. */
export function createHttpServer(o: HttpServerOptions): FastifyInstance {
  const form = o.errors ?? 'json'
  const app = Fastify({
    logger: false,
    bodyLimit: o.bodyLimit ?? 1024 * 1024,
    forceCloseConnections: 'idle',
    trustProxy: o.trustProxy ?? false,
    connectionTimeout: o.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    routerOptions: { maxParamLength: 4096 },
    return503OnClosing: false,
    exposeHeadRoutes: true,
    requestTimeout: o.requestTimeoutMs ?? 0,
    rewriteUrl: ({ url = '/' }) => o.rewriteUrl?.(url) ?? url,
    http: {
      headersTimeout: o.headersTimeoutMs ?? 15_000,
      maxHeaderSize: 16 * 1024,
      connectionsCheckingInterval: Math.min(o.requestTimeoutMs ?? CHECK_MS, CHECK_MS),
    },
  })
  watchConnections(app, o.closeGraceMs ?? CLOSE_GRACE_MS)
  app.setErrorHandler((error: FastifyError | ServiceError, request, reply) => {
    const { method, routeOptions } = request
    const answer = errorAnswer(error, { form, log: o.log, method, route: routeOptions.url })
    const { status, code, message, headers } = answer
    if (form === 'text') return reply.code(status).headers(textHeaders(answer)).send(message)
    return reply.code(status).headers(headers).send({ error: message, code })
  })
  app.get('/health', async (_, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  )
  app.get('/ready', async (_, reply) => {
    const ready = (await o.ready?.()) ?? true
    const status = ready ? 'ready' : 'not ready'
    if (!ready) reply.header('retry-after', '1')
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status })
  })
  return app
}

/** Listens; port 0 takes a free one. A port in use is told by the service's name. */
export async function listen(
  app: FastifyInstance,
  o: { name: string; host: string; port: number },
): Promise<{ url: string; port: number }> {
  try {
    await app.listen({ host: o.host, port: o.port })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')
      throw new StartError('port_in_use', `Port ${o.port} for ${o.name} is already in use.`, cause)
    throw cause
  }
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : o.port
  const host = o.host === '127.0.0.1' || o.host === '::1' ? 'localhost' : o.host
  return { url: `http://${host}:${port}`, port }
}
