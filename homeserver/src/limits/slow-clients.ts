import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

const GRACE_MS = 60_000
const EVERY_MS = 10_000
const MIN_BYTES_PER_SECOND = 512

/** Bodies that we slow ourselves: whose sender waits is not to blame. */
const slowed = new WeakSet<IncomingMessage>()

export function isSlowedByUs(request: IncomingMessage): void {
  slowed.add(request)
}

/**
 * Cuts off who sends a body so slowly that it is only meant to keep a connection: less than half a
 * kilobyte in a second, looked at from a minute after its beginning.
 */
export function cutSlowClients(
  app: FastifyInstance,
  o: { nowMs?: () => number } = {},
): { watched(): number; look(): void } {
  const { nowMs = () => performance.now() } = o
  const open = new Map<IncomingMessage, { sinceMs: number; read: number }>()

  function look(): void {
    const now = nowMs()
    for (const [request, { sinceMs, read }] of open) {
      const seconds = (now - sinceMs) / 1000
      if (request.complete || slowed.has(request) || seconds * 1000 < GRACE_MS) continue
      if (request.socket.bytesRead - read < MIN_BYTES_PER_SECOND * seconds) request.destroy()
    }
  }

  const timer = setInterval(look, EVERY_MS).unref()
  app.addHook('onClose', (_, done) => {
    clearInterval(timer)
    done()
  })
  app.addHook('onRequest', ({ raw }, _, done) => {
    // Most bodies are there when their head is.
    if (raw.method !== 'GET' && !raw.complete) {
      open.set(raw, { sinceMs: nowMs(), read: raw.socket.bytesRead })
      // Whatever becomes of it: an answer that nobody waits for any more is never told as sent.
      raw.once('close', () => open.delete(raw))
    }
    done()
  })
  return { watched: () => open.size, look }
}
