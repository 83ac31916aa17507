import {
  decodeProofHeader,
  fromBase64,
  type PublicKeyZ32,
  parsePublicKey,
  parseStrictPath,
  type StoragePath,
} from '@pubky/protocol'
import { IndexerError } from './errors.ts'

/** Ids stay far below the end of a 64-bit number, so that offsets can be added to them. */
const MAX_EVENT_ID = 2n ** 61n
const HASH_BYTES = 32

/** One event of a host, as the host tells it. */
export interface FeedEvent {
  kind: 'PUT' | 'DEL'
  owner: PublicKeyZ32
  path: StoragePath
  /** The host's own id; in the old form of a page only the last one is exact. */
  id: bigint
  hash: Uint8Array | null
  proof: Uint8Array | null
  /** The body, when the host sent it along; nobody has compared it with the hash. */
  content: Uint8Array | null
}

/** A line that is no event we can know, such as one of a key that cannot exist. */
export interface UnknownEvent {
  kind: null
  id: bigint
}

export type FeedItem = FeedEvent | UnknownEvent

/** What is remembered of an event, to recognise it when the host is asked again. */
export function lineOf(event: FeedItem): string {
  return event.kind ? `${event.kind} pubky://${event.owner}${event.path}` : ''
}

/** Reads `pubky://<key><path>`; feeds carry decoded paths (spec/homeserver.md 5.1). */
export function parseEventUri(uri: string): { owner: PublicKeyZ32; path: StoragePath } | null {
  if (!uri.startsWith('pubky://') || uri.charAt(60) !== '/') return null
  try {
    return { owner: parsePublicKey(uri.slice(8, 60)), path: parseStrictPath(uri.slice(60)) }
  } catch {
    return null
  }
}

export function parseEventId(text: string | undefined): bigint | null {
  if (text === undefined || !/^(0|[1-9]\d{0,18})$/.test(text)) return null
  const id = BigInt(text)
  return id <= MAX_EVENT_ID ? id : null
}

/**
 * Reads a page of `/events/` (spec/homeserver.md 6.1) that was asked for with `after`. Its lines
 * have no ids of their own: they get those that end with the cursor. Null for an empty page.
 * Throws `bad_answer`, `bad_cursor`.
 */
export function parsePage(text: string, after: bigint, limit: number): FeedItem[] | null {
  if (text === '') return null
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  const cursor = last.startsWith('cursor: ') ? parseEventId(last.slice(8)) : null
  if (cursor === null) throw new IndexerError('bad_answer', { detail: 'a page without a cursor' })
  if (lines.length === 0) {
    if (cursor === after) return null
    throw new IndexerError('bad_cursor', { detail: `no events after ${after}` })
  }
  if (lines.length > limit) throw new IndexerError('bad_answer', { detail: 'a page too long' })
  const first = cursor - BigInt(lines.length - 1)
  if (first <= after)
    throw new IndexerError('bad_cursor', {
      detail: `${lines.length} events from ${after} to ${cursor}`,
    })
  return lines.map((line, index) => parseLine(line, first + BigInt(index)))
}

function parseLine(line: string, id: bigint): FeedItem {
  const kind = line.startsWith('PUT ') ? 'PUT' : line.startsWith('DEL ') ? 'DEL' : null
  const found = kind && parseEventUri(line.slice(4))
  return found ? { kind, ...found, id, hash: null, proof: null, content: null } : { kind: null, id }
}

/** Reads a frame of the live form (design 3.3); null when it is none of ours. */
export function parseFrame(name: string, data: readonly string[]): FeedItem | null {
  if (name !== 'PUT' && name !== 'DEL') return null
  let uri: string | undefined
  let id: bigint | null = null
  let hash: Uint8Array | null = null
  let proof: Uint8Array | null = null
  let content: Uint8Array | null = null
  for (const line of data) {
    if (line.startsWith('cursor: ')) id = parseEventId(line.slice(8))
    else if (line.startsWith('content_hash: ')) hash = parseHash(line.slice(14))
    else if (line.startsWith('proof: ')) proof = parseProofText(line.slice(7))
    else if (line.startsWith('content: ')) content = parseContent(line.slice(9))
    else if (line.startsWith('pubky://')) uri = line
  }
  if (id === null) throw new IndexerError('bad_answer', { detail: 'an event without a cursor' })
  const found = uri === undefined ? null : parseEventUri(uri)
  return found ? { kind: name, ...found, id, hash, proof, content } : { kind: null, id }
}

/** What is none counts as absent: then it is asked for. */
function parseContent(text: string): Uint8Array | null {
  try {
    return fromBase64(text)
  } catch {
    return null
  }
}

export function parseHash(text: string): Uint8Array | null {
  try {
    const bytes = fromBase64(text)
    return bytes.length === HASH_BYTES ? bytes : null
  } catch {
    return null
  }
}

/** The bytes of a proof header; what is none counts as absent, for it can prove nothing. */
export function parseProofText(text: string | null): Uint8Array | null {
  if (!text) return null
  try {
    return decodeProofHeader(text)
  } catch {
    return null
  }
}
