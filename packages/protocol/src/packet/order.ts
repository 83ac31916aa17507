import { compareBytes, equalBytes } from '../bytes.ts'
import type { SignedPacket } from './signed-packet.ts'

/** Whether `a` replaces `b`: later timestamp, then greater DNS bytes (spec/discovery.md 1.6). */
export function isMoreRecent(
  a: Pick<SignedPacket, 'timestamp' | 'dns'>,
  b: Pick<SignedPacket, 'timestamp' | 'dns'>,
): boolean {
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp
  return compareBytes(a.dns, b.dns) > 0
}

/** Whether both are the same packet, byte for byte. */
export function isSamePacket(a: SignedPacket, b: SignedPacket): boolean {
  return (
    a.publicKey === b.publicKey &&
    a.timestamp === b.timestamp &&
    equalBytes(a.signature, b.signature) &&
    equalBytes(a.dns, b.dns)
  )
}

/** spec/discovery.md 1.4. */
export const MIN_PACKET_TTL_S = 300
export const MAX_PACKET_TTL_S = 86_400

/** Seconds a packet may be kept: its smallest record TTL, clamped; `min` without records. */
export function packetTtl(
  packet: Pick<SignedPacket, 'records'>,
  min: number = MIN_PACKET_TTL_S,
  max: number = MAX_PACKET_TTL_S,
): number {
  if (packet.records.length === 0) return min
  const smallest = packet.records.reduce((least, { ttl }) => Math.min(least, ttl), Infinity)
  return Math.min(Math.max(smallest, min), max)
}
