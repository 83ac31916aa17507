import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

const GRACE_MS = 60_000
const EVERY_MS = 10_000
const MIN_BYTES_PER_SECOND = 512
/** How long the rest of a body is taken after it was refused, so that its sender reads the answer. */
const LINGER_MS = 30_000

/** Bodies that we slow ourselves: whose sender waits is not to blame. */
const slowed = new WeakSet<IncomingMessage>()

export function isSlowedByUs(request: IncomingMessage): void {
  slowed.add(request)
}

/**
 * Cuts off who takes a long answer so slowly that it is only meant to keep a connection. Not for answers
 * that we slow ourselves.
 */
export function cutSlowReader(
  response: ServerResponse,
  o: { nowMs?: () => number; everyMs?: number } = {},
): void {
  const { nowMs = () => performance.now(), everyMs = EVERY_MS } = o
  // It would never tell that it was closed.
  if (response.destroyed) return
  const sinceMs = nowMs()
  const taken = () => (response.socket?.bytesWritten ?? 0) - (response.socket?.writableLength ?? 0)
  const before = taken()
  const timer = setInterval(() => {
    const elapsedMs = nowMs() - sinceMs
    // What waits for its store is not the reader's fault.
    if (elapsedMs < GRACE_MS || !response.writableNeedDrain) return
    if (taken() - before < (MIN_BYTES_PER_SECOND * elapsedMs) / 1000) response.destroy()
  }, everyMs).unref()
  response.once('close', () => clearInterval(timer))
}

/** What has come lies there, and no more is taken: its store is slow, not its sender. */
function isWaitingForUs(request: IncomingMessage): boolean {
  return request.readableLength >= request.readableHighWaterMark
}

interface Upload {
  /** Since when, and after how many bytes, its speed is measured. */
  sinceMs: number
  read: number
  /** When it was answered, which may be before it has come. */
  answeredMs: number | null
}

export interface SlowClients {
  /** For bodies that do not come by way of the router. Until they are here, or their connection is gone. */
  watch(request: IncomingMessage): void
  /** Says that a request was answered; how long its body still comes counts only when it is watched. */
  answered(request: IncomingMessage): void
  watched(): number
  look(): void
}

/**
 * Cuts off who sends a body so slowly that it is only meant to keep a connection: less than half a
 * kilobyte in a second over a minute, whatever came before. Also who goes on sending long after the body
 * was refused.
 */
export function cutSlowClients(
  app: FastifyInstance,
  o: { nowMs?: () => number } = {},
): SlowClients {
  const { nowMs = () => performance.now() } = o
  const open = new Map<IncomingMessage, Upload>()

  function look(): void {
    const now = nowMs()
    for (const [request, upload] of open) {
      const { sinceMs, read, answeredMs } = upload
      if (answeredMs !== null && now - answeredMs > LINGER_MS) request.destroy()
      const seconds = (now - sinceMs) / 1000
      const { bytesRead } = request.socket
      const isOurs = slowed.has(request) || isWaitingForUs(request)
      if (request.complete || (!isOurs && seconds * 1000 < GRACE_MS)) continue
      if (!isOurs && bytesRead - read < MIN_BYTES_PER_SECOND * seconds) request.destroy()
      Object.assign(upload, { sinceMs: now, read: bytesRead })
    }
  }

  function watch(request: IncomingMessage): void {
    // Its end was told already.
    if (request.destroyed || open.has(request)) return
    open.set(request, { sinceMs: nowMs(), read: request.socket.bytesRead, answeredMs: null })
    // Whatever becomes of it: an answer that nobody waits for any more is never told as sent.
    request.once('close', () => open.delete(request))
  }

  function answered(request: IncomingMessage): void {
    const upload = open.get(request)
    if (upload) upload.answeredMs = nowMs()
  }

  const timer = setInterval(look, EVERY_MS).unref()
  app.addHook('onClose', (_, done) => {
    clearInterval(timer)
    done()
  })
  app.addHook('onRequest', ({ raw }, _, done) => {
    // Most bodies are there when their head is.
    if (raw.method !== 'GET' && !raw.complete) watch(raw)
    done()
  })
  app.addHook('onResponse', ({ raw }, _, done) => {
    answered(raw)
    done()
  })
  return { watch, answered, watched: () => open.size, look }
}
