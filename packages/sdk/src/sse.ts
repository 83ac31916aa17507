import { createParser } from 'eventsource-parser'
import { PubkyError } from './errors.ts'
import { readChunk, release } from './http.ts'

/** Longer frames are an attack: a path has at most 972 bytes, a proof 4096 characters. */
const MAX_FRAME_CHARS = 16 * 1024

/** One message of an event stream: its name and its `data:` lines. */
export interface SseFrame {
  event: string
  data: string[]
}

/**
 * Reads an event stream. Ends when the server ends it; rejects with `timeout` after `idleMs` without
 * a byte, with `network` when the connection breaks, with `stream_overrun` when a frame has no end.
 */
export async function* readSse(
  response: Response,
  { idleMs }: { idleMs: number },
): AsyncGenerator<SseFrame> {
  if (!response.body) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let frames: SseFrame[] = []
  const parser = createParser({
    onEvent: ({ event = '', data }) => frames.push({ event, data: data.split('\n') }),
  })
  const guard = createFrameGuard(MAX_FRAME_CHARS)
  try {
    for (;;) {
      const chunk = await readChunk(reader, idleMs)
      if (!chunk) return
      const text = decoder.decode(chunk, { stream: true })
      if (!guard(text)) throw new PubkyError('stream_overrun')
      parser.feed(text)
      const ready = frames
      frames = []
      yield* ready
    }
  } finally {
    release(response)
    void reader.cancel().catch(() => {})
  }
}

/**
 * The parser keeps what it is fed until a blank line. This counts what it holds, line by line, and
 * tells when that is too much.
 */
export function createFrameGuard(limit: number): (text: string) => boolean {
  let held = 0
  let blank = true
  return (text) => {
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at)
      const stop = end < 0 ? text.length : end + 1
      const line = text.slice(at, stop)
      const isBlankLine = blank && (line === '\n' || line === '\r\n')
      held = isBlankLine ? 0 : held + line.length
      if (held > limit) return false
      blank = end >= 0
      at = stop
    }
    return true
  }
}
