import { type DnsMessage, encodeDnsMessage, type PublicKeyZ32 } from '@pubky/protocol'
import { FLAGS, RCODES, TYPE_OPT } from './codes.ts'
import { HEADER_BYTES, type Query, type ReplyLayout, readReply } from './wire.ts'

/** Where an answer is from. */
export type Source = 'key' | 'icann' | 'local'

/** Who signed an answer's records and how old they are. */
export interface Origin {
  key: PublicKeyZ32
  /** Microseconds: when it was signed, and when it was last seen on the network. */
  timestamp: bigint
  lastSeen: bigint
  /** Nodes of the DHT that agreed on it at the last look-up; null when none was needed. */
  nodes: number | null
}

/** An encoded reply without OPT, ready to be sent to whoever asks the same. */
export interface Answer {
  readonly bytes: Buffer
  readonly questionEnd: number
  readonly ttls: readonly number[]
  /** When the TTLs were right, and until when the answer counts as fresh. */
  readonly bornMs: number
  readonly expiresMs: number
  readonly source: Source
  readonly origins: readonly Origin[]
  /** EDNS error that explains it, or null. */
  readonly extended: number | null
  readonly isStale: boolean
}

export type AnswerMeta = Pick<
  Answer,
  'bornMs' | 'expiresMs' | 'source' | 'origins' | 'extended' | 'isStale'
>

/** Encodes a reply of our own. */
export function answerOf(message: Partial<DnsMessage>, meta: AnswerMeta): Answer {
  const bytes = Buffer.from(encodeDnsMessage(message))
  const layout = readReply(bytes)
  return {
    bytes,
    questionEnd: layout?.questionEnd ?? HEADER_BYTES,
    ttls: layout?.ttls ?? [],
    ...meta,
  }
}

/** Takes a reply of another server over as it is, but for the OPT record of that hop. */
export function answerFrom(
  reply: Buffer,
  { opt, questionEnd, ttls, end }: ReplyLayout,
  meta: AnswerMeta,
): Answer | null {
  // What may come behind the last record would stand before our OPT record.
  let bytes = Buffer.from(reply.subarray(0, end))
  if (opt) {
    // Cut only at the end: records behind it may point at each other.
    if (opt.end !== end) return null
    bytes = bytes.subarray(0, opt.start)
    bytes.writeUInt16BE(bytes.readUInt16BE(10) - 1, 10)
  }
  return { bytes, questionEnd, ttls, ...meta }
}

export function rcodeOf({ bytes }: Answer): number {
  return bytes.readUInt16BE(2) & FLAGS.rcode
}

/** TTL of a stale answer in seconds (RFC 8767 5). */
export const STALE_TTL_S = 30
/** What we say that we take over UDP: no fragments on any path of today. */
export const UDP_PAYLOAD_BYTES = 1232

const OPT_BYTES = 11
const EXTENDED_BYTES = 6

/** The reply to one asker: the kept bytes with its id, its spelling, and what is left of the TTLs. */
export function writeReply(
  answer: Answer,
  query: Query,
  o: { nowMs: number; limit: number; truncate?: boolean },
): Buffer {
  const extended = query.edns ? answer.extended : null
  const tail = query.edns ? OPT_BYTES + (extended === null ? 0 : EXTENDED_BYTES) : 0
  const isCut = o.truncate === true || answer.bytes.length + tail > o.limit
  const length = isCut ? answer.questionEnd : answer.bytes.length
  const out = Buffer.allocUnsafe(length + tail)
  answer.bytes.copy(out, 0, 0, length)
  query.bytes.copy(out, HEADER_BYTES, HEADER_BYTES, query.questionEnd)
  out.writeUInt16BE(query.id, 0)
  const echoed = FLAGS.opcode | FLAGS.recursionDesired | FLAGS.checkingDisabled
  const flags = (answer.bytes.readUInt16BE(2) & ~echoed) | (query.flags & echoed)
  out.writeUInt16BE(isCut ? flags | FLAGS.truncated : flags, 2)
  if (isCut) out.fill(0, 6, HEADER_BYTES)
  else patchTtls(out, answer, o.nowMs)
  if (tail > 0) writeOpt(out, length, query, extended)
  return out
}

function patchTtls(out: Buffer, { ttls, bornMs, isStale }: Answer, nowMs: number): void {
  const age = Math.floor((nowMs - bornMs) / 1000)
  if (age <= 0 && !isStale) return
  for (const at of ttls) {
    const ttl = out.readUInt32BE(at)
    const left = isStale ? Math.min(ttl, STALE_TTL_S) : Math.max(1, ttl - age)
    if (ttl > 0) out.writeUInt32BE(left, at)
  }
}

function writeOpt(out: Buffer, at: number, query: Query, extended: number | null, high = 0): void {
  out.writeUInt16BE(out.readUInt16BE(10) + 1, 10)
  out[at] = 0
  out.writeUInt16BE(TYPE_OPT, at + 1)
  out.writeUInt16BE(UDP_PAYLOAD_BYTES, at + 3)
  out[at + 5] = high
  out[at + 6] = 0
  out.writeUInt16BE(query.edns?.dnssec ? 0x8000 : 0, at + 7)
  out.writeUInt16BE(extended === null ? 0 : EXTENDED_BYTES, at + 9)
  if (extended === null) return
  out.writeUInt16BE(15, at + 11)
  out.writeUInt16BE(2, at + 13)
  out.writeUInt16BE(extended, at + 15)
}

/** A reply that holds nothing but a code, for what is refused before it is looked at. */
export function writeRefusal(query: Query, rcode: number, extended: number | null = null): Buffer {
  const tail = query.edns ? OPT_BYTES + (extended === null ? 0 : EXTENDED_BYTES) : 0
  const out = Buffer.alloc(query.questionEnd + tail)
  query.bytes.copy(out, 0, 0, query.questionEnd)
  const echoed = query.flags & (FLAGS.opcode | FLAGS.recursionDesired | FLAGS.checkingDisabled)
  out.writeUInt16BE(FLAGS.response | FLAGS.recursionAvailable | echoed | (rcode & 0xf), 2)
  out.writeUInt16BE(1, 4)
  out.fill(0, 6, HEADER_BYTES)
  if (query.edns) writeOpt(out, query.questionEnd, query, extended, rcode >> 4)
  return out
}

/** The reply to what could not be read; null when even the header is not there. */
export function writeFormatError(bytes: Buffer): Buffer | null {
  if (bytes.length < HEADER_BYTES) return null
  const out = Buffer.alloc(HEADER_BYTES)
  bytes.copy(out, 0, 0, 2)
  out.writeUInt16BE(FLAGS.response | (bytes.readUInt16BE(2) & FLAGS.opcode) | RCODES.FORMERR, 2)
  return out
}
