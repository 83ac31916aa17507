import { packetToRelayPayload, packetTtl, type SignedPacket } from '@pubky/protocol'
import type { FoundPacket } from './resolve.ts'

export const PAYLOAD_TYPE = 'application/pkarr.org/relays#payload'
/** The last moment that the date of a header can tell; timestamps may lie beyond. */
const MAX_DATE_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

export interface SentForm {
  payload: Buffer
  lastModified: string
}

/** What is sent of packets in memory; most are asked for again and again. */
const sentForms = new WeakMap<SignedPacket, SentForm>()

export function sentFormOf(packet: SignedPacket): SentForm {
  const known = sentForms.get(packet)
  if (known) return known
  const payload = Buffer.from(packetToRelayPayload(packet))
  const form = { payload, lastModified: httpDate(packet.timestamp) }
  sentForms.set(packet, form)
  return form
}

/** What a relay says of a packet beside its bytes (spec/discovery.md 2.3). */
export function packetHeaders(
  { packet, lastSeen, isStale }: FoundPacket,
  ttl: { min: number; max: number },
): Record<string, string> {
  const maxAge = isStale ? 0 : packetTtl(packet, ttl.min, ttl.max)
  return {
    'cache-control': `public, max-age=${maxAge}`,
    'last-modified': sentFormOf(packet).lastModified,
    'memento-datetime': httpDate(lastSeen),
    ...(isStale ? { warning: '110 - "Response is stale"' } : {}),
  }
}

/** A browser's address bar asks for a page; clients of relays ask for anything. */
export function wantsPage(accept: string | undefined): boolean {
  return /^\s*text\/html\b/.test(accept ?? '')
}

function httpDate(micros: bigint): string {
  return new Date(Math.min(Number(micros / 1000n), MAX_DATE_MS)).toUTCString()
}
