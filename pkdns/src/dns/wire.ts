import { FLAGS, TYPE_OPT } from './codes.ts'

export const HEADER_BYTES = 12
const MAX_NAME_BYTES = 255
/** Records behind the question of a query; a real one has an OPT record and perhaps a signature. */
const MAX_QUERY_RECORDS = 8

export interface Edns {
  /** UDP payload that the asker can take. */
  size: number
  version: number
  /** Wants DNSSEC records. */
  dnssec: boolean
}

/** A question as it came, not yet decoded: what is needed to find a kept answer. */
export interface Query {
  readonly bytes: Buffer
  readonly id: number
  readonly flags: number
  /** Where the question ends. */
  readonly questionEnd: number
  readonly type: number
  readonly class: number
  readonly edns: Edns | null
}

/** The place of the next byte behind a name, pointers not followed; -1 when it is malformed. */
export function skipName(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined || at - from > MAX_NAME_BYTES) return -1
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : -1
    if (length > 63) return -1
    at += length + 1
  }
}

/** The end of a question's name: no pointers, since nothing lies before it; -1 when malformed. */
function skipPlainName(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > 63 || at - from >= MAX_NAME_BYTES) return -1
    at += 1
    if (length === 0) return at
    at += length
  }
}

/** Reads what was asked. Null for what is no well-formed question. Never throws. */
export function readQuery(bytes: Buffer): Query | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(4) !== 1) return null
  const nameEnd = skipPlainName(bytes, HEADER_BYTES)
  if (nameEnd < 0 || nameEnd + 4 > bytes.length) return null
  const questionEnd = nameEnd + 4
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10)
  const edns = records === 0 ? null : readEdns(bytes, questionEnd, records)
  if (edns === 'malformed') return null
  return {
    bytes,
    id: bytes.readUInt16BE(0),
    flags: bytes.readUInt16BE(2),
    questionEnd,
    type: bytes.readUInt16BE(nameEnd),
    class: bytes.readUInt16BE(nameEnd + 2),
    edns,
  }
}

function readEdns(bytes: Buffer, from: number, records: number): Edns | null | 'malformed' {
  if (records > MAX_QUERY_RECORDS) return 'malformed'
  let edns: Edns | null = null
  let at = from
  for (let left = records; left > 0; left--) {
    const place = readPlace(bytes, at)
    if (!place) return 'malformed'
    if (place.type === TYPE_OPT) {
      // Exactly one, at the root (RFC 6891 6.1.1).
      if (edns || bytes[at] !== 0) return 'malformed'
      edns = {
        size: bytes.readUInt16BE(place.head + 2),
        version: bytes[place.head + 5] ?? 0,
        dnssec: (bytes.readUInt16BE(place.head + 6) & 0x8000) !== 0,
      }
    }
    at = place.end
  }
  return edns
}

interface Place {
  type: number
  /** Where the type field is; the TTL follows four bytes later. */
  head: number
  end: number
}

function readPlace(bytes: Buffer, at: number): Place | null {
  const head = skipName(bytes, at)
  if (head < 0 || head + 10 > bytes.length) return null
  const end = head + 10 + bytes.readUInt16BE(head + 8)
  return end > bytes.length ? null : { type: bytes.readUInt16BE(head), head, end }
}

/** The places of a reply that change when it is passed on. */
export interface ReplyLayout {
  questionEnd: number
  /** Offsets of the TTL fields. */
  ttls: number[]
  /** Smallest TTL of the answers; without answers what the SOA allows (RFC 2308); else null. */
  ttl: number | null
  /** The OPT record, which belongs to one hop only. */
  opt: { start: number; end: number } | null
  end: number
}

const TYPE_SOA = 6

/** Finds the places of a reply. Null when it is malformed. Never throws. */
export function readReply(bytes: Buffer): ReplyLayout | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(4) !== 1) return null
  const nameEnd = skipPlainName(bytes, HEADER_BYTES)
  if (nameEnd < 0 || nameEnd + 4 > bytes.length) return null
  const [answers, authorities, additionals] = [6, 8, 10].map((at) => bytes.readUInt16BE(at))
  const layout: ReplyLayout = {
    questionEnd: nameEnd + 4,
    ttls: [],
    ttl: null,
    opt: null,
    end: nameEnd + 4,
  }
  const sections = [answers ?? 0, authorities ?? 0, additionals ?? 0]
  for (const [section, count] of sections.entries()) {
    for (let left = count; left > 0; left--) {
      const start = layout.end
      const place = readPlace(bytes, start)
      if (!place) return null
      layout.end = place.end
      if (place.type === TYPE_OPT) {
        // One, among the additional records (RFC 6891 6.1.1).
        if (layout.opt || section !== 2) return null
        layout.opt = { start, end: place.end }
        continue
      }
      const ttl = bytes.readUInt32BE(place.head + 4)
      layout.ttls.push(place.head + 4)
      if (section === 0) layout.ttl = Math.min(layout.ttl ?? ttl, ttl)
      if (section === 1 && place.type === TYPE_SOA && answers === 0 && place.end - 4 > place.head)
        layout.ttl = Math.min(ttl, bytes.readUInt32BE(place.end - 4))
    }
  }
  return layout
}

const FOLD = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
)
const folded = Buffer.alloc(MAX_NAME_BYTES + 4)

/**
 * Names one answer: the question without regard to case, and what else changes it. Labels are at
 * most 63 long, so that folding never touches a length.
 */
export function questionKey({ bytes, questionEnd, type, flags, edns }: Query): string {
  const length = questionEnd - 4 - HEADER_BYTES
  for (let at = 0; at < length; at++) folded[at] = FOLD[bytes[HEADER_BYTES + at] ?? 0] ?? 0
  const wants =
    (flags & FLAGS.recursionDesired ? 1 : 0) +
    (flags & FLAGS.checkingDisabled ? 2 : 0) +
    (flags & FLAGS.authenticData ? 4 : 0) +
    (edns?.dnssec ? 8 : 0)
  return `${folded.toString('latin1', 0, length)}${type}/${wants}`
}

/** Whether two messages ask the same, case aside: how a reply is known to belong to a question. */
export function isSameQuestion(a: Buffer, b: Buffer, questionEnd: number): boolean {
  if (a.length < questionEnd || b.length < questionEnd) return false
  for (let at = HEADER_BYTES; at < questionEnd; at++) {
    if (FOLD[a[at] ?? 0] !== FOLD[b[at] ?? 0]) return false
  }
  return true
}
