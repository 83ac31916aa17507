import { IndexerError } from './errors.ts'

/** A path has at most 972 bytes, a proof 4096 characters; anything longer is an attack. */
const MAX_LINE_CHARS = 16 * 1024
const MAX_FRAME_LINES = 32

/** One message of an event stream. */
export interface SseFrame {
  name: string
  data: string[]
}

/** Cuts an event stream into frames. Throws `line_too_long`. */
export function createSseParser(maxLineChars: number = MAX_LINE_CHARS) {
  const decoder = new TextDecoder()
  let rest = ''
  let frame: SseFrame = { name: '', data: [] }

  function addLine(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    let value = colon < 0 ? '' : line.slice(colon + 1)
    if (value.startsWith(' ')) value = value.slice(1)
    if (field === 'event') frame.name = value
    if (field === 'data' && frame.data.push(value) > MAX_FRAME_LINES)
      throw new IndexerError('line_too_long', { detail: 'a frame without an end' })
  }

  /** The frames that became complete with these bytes. */
  function push(bytes: Uint8Array): SseFrame[] {
    const frames: SseFrame[] = []
    rest += decoder.decode(bytes, { stream: true })
    let from = 0
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      if (end - from > maxLineChars) throw new IndexerError('line_too_long')
      const line = rest.slice(from, rest.charAt(end - 1) === '\r' && end > from ? end - 1 : end)
      from = end + 1
      if (line !== '') {
        addLine(line)
        continue
      }
      if (frame.data.length > 0) frames.push(frame)
      frame = { name: '', data: [] }
    }
    rest = rest.slice(from)
    if (rest.length > maxLineChars) throw new IndexerError('line_too_long')
    return frames
  }

  return { push }
}
