import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { answerFirst, errorAnswer, type ServiceError, textHeaders } from '@pubky/server-kit'
import { awayOr } from '../away.ts'
import type { Context } from '../context.ts'
import { INLINE_BYTES } from '../entries/intake.ts'
import type { SlowClients } from '../limits/slow-clients.ts'
import type { MovingGate } from '../moving/gate.ts'
import { type StorageTarget, storageTarget } from '../tenant.ts'
import { setCors } from './cors.ts'
import { type WriteRequest, writeStorage } from './storage-write.ts'

const PLAIN = /^\/storage\/[a-z0-9]{52}\/(?:pub|priv)\//
const LENGTH = /^(?:0|[1-9]\d{0,4})$/
/** What the router is sure to take; it refuses what is none. */
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:;.*)?$/
/** What makes the way of a body a longer one. */
const DETOURS = ['transfer-encoding', 'expect', 'upgrade']
const EMPTY = { 'content-length': '0' }

function isShort(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  if (length === undefined || !LENGTH.test(length) || Number(length) > INLINE_BYTES) return false
  const type = headers['content-type']
  if (type !== undefined && !MEDIA_TYPE.test(type)) return false
  return !DETOURS.some((name) => name in headers)
}

/** Null for what names nothing: the router tells what is wrong with it. */
function targetIn(url: string, headers: IncomingHttpHeaders): StorageTarget | null {
  try {
    return storageTarget(url, headers)
  } catch {
    return null
  }
}

/**
 * Takes what is written most, a file that is short, before the router sees it. The same as the route does, by
 * the same functions; whatever is not quite so plain is left to it.
 */
export function answerShortWrites(
  server: Server,
  ctx: Context,
  o: { gate: MovingGate; slow: SlowClients; route: string },
): void {
  const { gate, slow, route } = o

  /** A connection that is kept alive becomes idle only after its last answer. */
  function onClose(): void {
    if (!server.listening) setImmediate(() => server.closeIdleConnections())
  }

  function send(
    raw: IncomingMessage,
    response: ServerResponse,
    answer: { status: number; head: Record<string, string>; body?: string },
  ): void {
    // Nobody waits for it any more.
    if (response.destroyed || raw.socket.destroyed) return
    const { status, head, body } = answer
    response.on('close', onClose)
    if (!raw.complete) {
      slow.watch(raw)
      slow.answered(raw)
    }
    ctx.metrics.answer('PUT', status)
    response.writeHead(status, head).end(body)
  }

  function refuse(raw: IncomingMessage, response: ServerResponse, error: ServiceError): void {
    const about = { form: 'text', log: ctx.log, method: 'PUT', route } as const
    const answer = errorAnswer(awayOr(error), about)
    const { status, message: body } = answer
    const length = String(Buffer.byteLength(body))
    send(raw, response, {
      status,
      head: { ...textHeaders(answer), 'content-length': length },
      body,
    })
  }

  async function write(
    request: WriteRequest,
    response: ServerResponse,
    target: StorageTarget,
  ): Promise<void> {
    let status: number
    try {
      status = await writeStorage(ctx, gate, request, response, target)
    } catch (error) {
      return refuse(request.raw, response, error as ServiceError)
    }
    send(request.raw, response, { status, head: EMPTY })
  }

  function answer(raw: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', headers } = raw
    if (!isShort(headers) || !PLAIN.test(url)) return false
    const target = targetIn(url, headers)
    if (!target || ctx.limits.anySpeeds || ctx.limits.concern('PUT', target.path)) return false
    const ip = raw.socket.remoteAddress ?? ''
    const request = { method: 'PUT', headers, raw, ip, onLate: slow.watch }
    setCors(response, headers.origin)
    ctx.metrics.storageRequest({ headers, originalUrl: url }, target)
    void write(request, response, target)
    return true
  }

  answerFirst(server, answer, 'PUT')
}
