import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for so long is cut off; it comes back with its cursor. */
const STUCK_MS = 30_000

/** A text that many streams send, as one chunk of HTTP/1.1. */
export function encodeChunk(text: string): Buffer {
  const size = Buffer.byteLength(text)
  const head = `${size.toString(16)}\r\n`
  // Not of the pool: kept for long, it would keep all that was pooled with it.
  const chunk = Buffer.allocUnsafeSlow(head.length + size + 2)
  chunk.write(`${head}${text}\r\n`)
  return chunk
}

function textOf(chunk: Buffer): Buffer {
  return chunk.subarray(chunk.indexOf('\n') + 1, -2)
}

export interface Stream {
  readonly signal: AbortSignal
  /** Resolves when the reader can take more. */
  send(text: string): Promise<void>
  /** Sends at once; false when the reader cannot take more. */
  push(chunks: readonly Buffer[]): boolean
  /** Resolves when the reader can take more. */
  drained(): Promise<void>
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
    if (!full()) response.write(':\n\n')
    quiet.refresh()
  }

  function leave(): void {
    clearTimeout(quiet)
    for (const one of [response, socket]) one.off('close', leave)
    gone.abort()
  }
  const full = () => [response, socket].find(({ writableNeedDrain }) => writableNeedDrain)

  async function drained(): Promise<void> {
    const waiting = full()
    if (!waiting || gone.signal.aborted) return
    const stuck = setTimeout(() => response.destroy(), stuckMs)
    try {
      await once(waiting, 'drain', { signal: gone.signal })
    } catch {
      // Closed meanwhile: the signal tells.
    } finally {
      clearTimeout(stuck)
    }
  }

  // An answer that still waits for its turn on the connection is not told when that closes.
  for (const one of [response, socket]) one.once('close', leave)
  if (response.destroyed || socket.destroyed) leave()
  return {
    signal: gone.signal,
    async send(text) {
      if (gone.signal.aborted) return
      quiet.refresh()
      if (!response.write(text)) await drained()
    },
    push(chunks) {
      if (gone.signal.aborted) return false
      quiet.refresh()
      // The response itself would encode and frame the same text once more for each reader.
      if (response.socket === null || !response.chunkedEncoding)
        return response.write(Buffer.concat(chunks.map(textOf)))
      if (chunks.length > 1) response.socket.cork()
      let hasRoom = true
      for (const chunk of chunks) hasRoom = response.socket.write(chunk)
      if (chunks.length > 1) response.socket.uncork()
      return hasRoom
    },
    drained,
    end() {
      leave()
      response.end()
    },
  }
}
