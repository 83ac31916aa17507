import { relayError } from './errors.ts'

const MAX_ID_BYTES = 256

export type Target = { route: 'root' } | { route: 'inbox' | 'ack' | 'await' | 'link'; id: string }

/** Reads a raw request target; null when there is no such route. Throws what is wrong with its id. */
export function parseTarget(raw: string): Target | null {
  const [path = ''] = raw.split('?')
  if (path === '/') return { route: 'root' }
  const [empty, family, segment, tail, ...more] = path.split('/')
  if (empty !== '' || !segment || more.length > 0) return null
  if (family === 'link' && tail === undefined)
    return { route: 'link', id: idOf(segment, 'channel') }
  if (family !== 'inbox') return null
  if (tail === undefined) return { route: 'inbox', id: idOf(segment, 'inbox') }
  if (tail !== 'ack' && tail !== 'await') return null
  return { route: tail, id: idOf(segment, 'inbox') }
}

function idOf(segment: string, what: 'inbox' | 'channel'): string {
  const id = decode(segment)
  if (Buffer.byteLength(id) > MAX_ID_BYTES) throw relayError(`${what}_id_too_long`)
  return id
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw relayError('invalid_id', { cause })
  }
}
