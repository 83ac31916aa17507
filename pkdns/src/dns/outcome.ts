import {
  type DnsMessage,
  decodeDnsMessage,
  ProtocolError,
  type PublicKeyZ32,
  type ResourceRecord,
} from '@pubky/protocol'
import { type Origin, type Source, STALE_TTL_S } from './answer.ts'
import { EXTENDED_ERRORS, RCODES } from './codes.ts'
import type { Found } from './packets.ts'

export const MAX_TTL_S = 86_400
/** A failure is believed for so long (RFC 2308 7.1 allows five minutes). */
const FAILURE_TTL_S = 5

/** What a question led to, before it is written down. */
export interface Outcome {
  rcode: number
  answers: ResourceRecord[]
  authorities: ResourceRecord[]
  additionals: ResourceRecord[]
  /** The reply of another server when it is all there is to say. */
  raw: Buffer | null
  source: Source
  origins: Origin[]
  /** Every key that the outcome depends on, unknown ones too. */
  keys: Set<PublicKeyZ32>
  /** Seconds for which it holds. */
  ttlS: number
  isStale: boolean
  extended: number | null
}

export function emptyOutcome(): Outcome {
  return {
    rcode: RCODES.NOERROR,
    answers: [],
    authorities: [],
    additionals: [],
    raw: null,
    source: 'key',
    origins: [],
    keys: new Set(),
    ttlS: MAX_TTL_S,
    isStale: false,
    extended: null,
  }
}

export function fail(out: Outcome, extended: number | null): null {
  out.rcode = RCODES.SERVFAIL
  out.extended = extended
  out.ttlS = FAILURE_TTL_S
  return null
}

export function take(
  out: Outcome,
  { origin, ttlS, isStale }: Extract<Found, { kind: 'packet' }>,
): void {
  out.origins.push(origin)
  out.ttlS = Math.min(out.ttlS, isStale ? FAILURE_TTL_S : ttlS)
  if (!isStale) return
  out.isStale = true
  out.extended = EXTENDED_ERRORS.staleAnswer
}

export function join(out: Outcome, other: Outcome): void {
  out.origins.push(...other.origins)
  for (const key of other.keys) out.keys.add(key)
  out.ttlS = Math.min(out.ttlS, other.ttlS)
  out.isStale ||= other.isStale
  out.extended ??= other.extended
}

/** What is left of a record's TTL since its packet was last seen. */
export function age(
  record: ResourceRecord,
  { isStale, ageS }: Extract<Found, { kind: 'packet' }>,
): ResourceRecord {
  if (record.ttl === 0) return record
  const left = isStale ? Math.min(record.ttl, STALE_TTL_S) : Math.max(1, record.ttl - ageS)
  return { ...record, ttl: left }
}

export function tryDecode(bytes: Buffer): DnsMessage | null {
  try {
    return decodeDnsMessage(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** A reply that cannot be read answers nothing. */
export function decodeReply(bytes: Buffer): DnsMessage {
  return (
    tryDecode(bytes) ?? {
      id: 0,
      flags: RCODES.SERVFAIL,
      questions: [],
      answers: [],
      authorities: [],
      additionals: [],
    }
  )
}
