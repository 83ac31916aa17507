import { networkOf, type RateLimiter, ServiceError } from '@pubky/server-kit'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type HttpRelayErrorCode, relayError } from './errors.ts'
import type { Mailbox, Message } from './mailbox.ts'
import { parseTarget, type Target } from './target.ts'
import type { WaitOptions } from './waiters.ts'

const OCTETS = 'application/octet-stream'
/** Longer ones would let headers take more memory than bodies. */
const MAX_CONTENT_TYPE_CHARACTERS = 256

export interface RouteOptions {
  mailbox: Mailbox
  limiter: RateLimiter
  linkTimeoutMs: number
  inboxTimeoutMs: number
  inboxTtlMs: number
  /** Counted by route, method and status. */
  observe: (route: string, method: string, status: number) => void
}

type Family = Target['route']
type Handler = (call: Call) => Promise<Answer>

interface Call {
  id: string
  message: Message
  address: string
  wait: (ms: number) => WaitOptions
}

interface Answer {
  body?: Uint8Array | string
  type?: string
  headers?: Record<string, string>
}

const DEPRECATED = { deprecation: 'true' }
/** Refusals of `POST /link` that come after it began to wait. */
const AFTER_WAITING = new Set<string>(['message_gone', 'timed_out'] satisfies HttpRelayErrorCode[])

function handlers(o: RouteOptions): Record<Family, Record<string, Handler>> {
  const { mailbox } = o
  const given = ({ body, contentType }: Message) => ({ body, type: contentType ?? OCTETS })
  return {
    root: { GET: async () => ({ body: 'Http Relay', type: 'text/plain; charset=utf-8' }) },
    inbox: {
      async GET({ id, wait }) {
        return given(await mailbox.read(id, wait(o.inboxTimeoutMs)))
      },
      async POST({ id, message, address }) {
        await mailbox.post(id, message, { address, ttlMs: o.inboxTtlMs })
        return {}
      },
      async DELETE({ id }) {
        await mailbox.acknowledge(id)
        return {}
      },
    },
    ack: {
      async GET({ id }) {
        return { body: String(mailbox.isAcknowledged(id)), type: 'text/plain; charset=utf-8' }
      },
    },
    await: {
      async GET({ id, wait }) {
        try {
          await mailbox.untilAcknowledged(id, wait(o.inboxTimeoutMs))
        } catch (error) {
          const isGone = error instanceof ServiceError && error.code === 'message_gone'
          throw isGone ? relayError('no_message') : error
        }
        return {}
      },
    },
    link: {
      async GET({ id, wait }) {
        const message = await mailbox.read(id, wait(o.linkTimeoutMs))
        await mailbox.acknowledgeRead(id)
        return { ...given(message), headers: DEPRECATED }
      },
      async POST({ id, message, address, wait }) {
        await mailbox.post(id, message, { address, ttlMs: o.linkTimeoutMs })
        try {
          await mailbox.untilAcknowledged(id, wait(o.linkTimeoutMs))
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error
          if (error.code === 'no_message') throw relayError('at_capacity')
          if (!AFTER_WAITING.has(error.code)) throw error
          throw relayError(error.code as HttpRelayErrorCode, { headers: DEPRECATED })
        }
        return { headers: DEPRECATED }
      },
    },
  }
}

/** Fires when the client goes away before it was answered. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const control = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) control.abort(new DOMException('client gone', 'AbortError'))
  })
  return control.signal
}

function contentTypeOf(request: FastifyRequest): string | null {
  const type = request.raw.headers['content-type'] ?? null
  if (type !== null && type.length > MAX_CONTENT_TYPE_CHARACTERS)
    throw relayError('content_type_too_long')
  return type
}

/** Both families of routes, told apart by the raw request target. */
export function relayRoutes(app: FastifyInstance, o: RouteOptions): void {
  const routes = handlers(o)
  const types = new WeakMap<FastifyRequest, string | null>()
  const verbatim = new WeakMap<FastifyReply, string>()

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))

  app.addHook('onRequest', async (request) => {
    const { raw } = request
    const verdict = o.limiter.take(networkOf(request.ip))
    if (!verdict.ok) {
      const headers = { 'retry-after': String(verdict.retryAfterSeconds) }
      throw relayError('too_many_requests', { headers })
    }
    types.set(request, contentTypeOf(request))
    // What a sender calls its message is for the reader; here every body is bytes.
    if (raw.headers['content-type'] !== undefined) raw.headers['content-type'] = OCTETS
  })

  app.setErrorHandler((error: FastifyError | ServiceError, request, reply) => {
    if (reply.raw.destroyed || error.name === 'AbortError') return reply.hijack()
    if (error instanceof ServiceError) return sendRefusal(reply, error)
    if (error.statusCode === 413) return sendRefusal(reply, relayError('body_too_large'))
    request.log.error(error)
    throw error
  })

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const target = parseTarget(request.raw.url ?? '/')
    if (!target) throw relayError('unknown_route')
    const methods = routes[target.route]
    // HEAD does what GET does; Node leaves out the body.
    const handle = methods[request.method === 'HEAD' ? 'GET' : request.method]
    if (!handle) {
      const names = Object.keys(methods).flatMap((name) =>
        name === 'GET' ? [name, 'HEAD'] : [name],
      )
      throw relayError('method_not_allowed', { headers: { allow: names.join(',') } })
    }
    const { body } = request
    const signal = goneSignal(reply)
    const address = networkOf(request.ip)
    const result = await handle({
      id: 'id' in target ? target.id : '',
      message: {
        body: body instanceof Uint8Array ? body : new Uint8Array(),
        contentType: types.get(request) ?? null,
      },
      address,
      wait: (waitMs) => ({ waitMs, address, signal }),
    })
    reply.headers({ 'cache-control': 'no-store', ...result.headers })
    if (result.body === undefined) return reply.header('content-length', '0').send()
    verbatim.set(reply, result.type ?? OCTETS)
    return reply.send(Buffer.from(result.body))
  }

  // The framework replaces types that do not parse; the reader gets what the sender wrote.
  app.addHook('onSend', async (_, reply, payload) => {
    const type = verbatim.get(reply)
    if (type !== undefined) reply.header('content-type', type)
    return payload
  })

  app.addHook('onResponse', async (request, reply) => {
    const [, family = ''] = (request.raw.url ?? '').split(/[/?]/)
    const route = family === 'inbox' || family === 'link' ? family : 'other'
    o.observe(route, request.method, reply.statusCode)
  })

  app.all('/', answer)
  app.all('/*', answer)
}

function sendRefusal(reply: FastifyReply, error: ServiceError): FastifyReply {
  return reply
    .code(error.status)
    .headers({ 'cache-control': 'no-store', ...error.headers })
    .header('pubky-error', error.code)
    .header('content-type', OCTETS)
    .send(Buffer.from(error.message))
}
