import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for so long is cut off; it comes back with its cursor. */
const STUCK_MS = 30_000

export interface Stream {
  readonly signal: AbortSignal
  /** Resolves when the reader can take more. */
  send(text: string): Promise<void>
  end(): void
}

/** Turns a reply into a server-sent stream with a comment after 15 s of silence. */
export function openStream(
  request: FastifyRequest,
  reply: FastifyReply,
  headers: Record<string, string | string[]>,
  { heartbeatMs = HEARTBEAT_MS, stuckMs = STUCK_MS } = {},
): Stream {
  const response: ServerResponse = reply.raw
  const gone = new AbortController()
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) response.setHeader(name, value)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  reply.hijack()
  const { socket } = request.raw
  socket.setNoDelay(true)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  const quiet = setTimeout(beat, heartbeatMs)

  function beat(): void {
    if (!response.writableNeedDrain) response.write(':\n\n')
    quiet.refresh()
  }

  function leave(): void {
    clearTimeout(quiet)
    for (const one of [response, socket]) one.off('close', leave)
    gone.abort()
  }
  // An answer that still waits for its turn on the connection is not told when that closes.
  for (const one of [response, socket]) one.once('close', leave)
  if (response.destroyed || socket.destroyed) leave()
  return {
    signal: gone.signal,
    async send(text) {
      if (gone.signal.aborted) return
      quiet.refresh()
      if (response.write(text)) return
      const stuck = setTimeout(() => response.destroy(), stuckMs)
      try {
        await once(response, 'drain', { signal: gone.signal })
      } catch {
        // Closed meanwhile: the signal tells.
      } finally {
        clearTimeout(stuck)
      }
    },
    end() {
      leave()
      response.end()
    },
  }
}
