import {
  decodeProofHeader,
  type EventId,
  fromBase64,
  ProtocolError,
  parseEventId,
  parsePublicKey,
  parseStrictPath,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { SseFrame } from './sse.ts'
import type { HomeEvent } from './types.ts'

const HASH_BYTES = 32

/** Reads one of the texts below, null when it is malformed. */
function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/**
 * An event as a feed tells it. Feeds carry decoded paths, which must not be decoded again
 * (spec/homeserver.md 5.1). Null for what cannot exist, such as a key that is none.
 */
function toEvent(type: string, uri: string, cursor: EventId): HomeEvent | null {
  if (type !== 'PUT' && type !== 'DEL') return null
  const [, key, rest] = /^pubky:\/\/([a-z0-9]{52})(\/.*)$/.exec(uri) ?? []
  if (key === undefined || rest === undefined) return null
  const user = attempt(() => parsePublicKey(key))
  const path = attempt(() => parseStrictPath(rest))
  return user && path && { type, uri, user, path, cursor, hash: null, proof: null }
}

/** The cursor of a page or frame. Throws `bad_answer`. */
function toCursor(text: string | undefined): EventId {
  const id = text === undefined ? null : attempt(() => parseEventId(text))
  if (id === null) throw new PubkyError('bad_answer', { detail: 'an event without a cursor' })
  return id
}

/**
 * One page of the old form of `/events/` (spec/homeserver.md 6.1); null when it is empty. A page has
 * one cursor, that of its last event: the others carry `after`, so that resuming from them repeats
 * and never skips.
 */
export function parsePage(
  text: string,
  after: EventId,
  limit: number,
): { events: HomeEvent[]; cursor: EventId } | null {
  if (text === '') return null
  const lines = text.split('\n')
  const cursor = toCursor(/^cursor: (.*)$/.exec(lines.pop() ?? '')?.[1])
  if (lines.length > limit) throw new PubkyError('bad_answer', { detail: 'too many events' })
  const events: HomeEvent[] = []
  lines.forEach((line, index) => {
    const at = index === lines.length - 1 ? cursor : after
    const event = toEvent(line.slice(0, 3), line.slice(4), at)
    if (event && line[3] === ' ') events.push(event)
  })
  return { events, cursor }
}

/**
 * One frame of a live feed or of `/events-stream` (spec/homeserver.md 6.2). Frames of another name
 * are null; a frame whose content cannot exist has a cursor and no event.
 */
export function parseFrame({ event: type, data }: SseFrame): {
  event: HomeEvent | null
  cursor: EventId
} | null {
  if (type !== 'PUT' && type !== 'DEL') return null
  const field = (name: string) =>
    data.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
  const cursor = toCursor(field('cursor'))
  const event = toEvent(type, data.find((line) => line.startsWith('pubky://')) ?? '', cursor)
  if (!event) return { event: null, cursor }
  const hash = hashIn(field('content_hash'))
  const proofText = field('proof')
  const proof = proofText === undefined ? null : attempt(() => decodeProofHeader(proofText))
  return { event: { ...event, hash: type === 'PUT' ? hash : null, proof }, cursor }
}

/** Base64 in either alphabet. */
function hashIn(text: string | undefined): Uint8Array | null {
  if (text === undefined || text.length > 64) return null
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  const bytes = attempt(() => fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')))
  return bytes?.length === HASH_BYTES ? bytes : null
}
