import {
  isMoreRecent,
  isSamePacket,
  type PublicKeyZ32,
  packetFromBytes,
  packetToBytes,
  packetTtl,
  type SignedPacket,
} from '@pubky/protocol'
import type { PacketStorage } from './storage.ts'

/** A verified packet and when somebody last saw it, in ms since the epoch. */
export interface SeenPacket {
  packet: SignedPacket
  lastSeenMs: number
}

const PACKET_BYTES = 600
const RECORD_BYTES = 200

/** The newest packet seen of each key; the least recently used ones are forgotten first. */
export function createPacketCache(o: {
  nowMs: () => number
  /** Packets, and their bytes, that are kept in memory. */
  size: number
  bytes: number
  storage?: PacketStorage | undefined
}) {
  const packets = new Map<PublicKeyZ32, SeenPacket>()
  let held = 0

  async function get(key: PublicKeyZ32): Promise<SeenPacket | null> {
    const found = packets.get(key)
    if (!found) return load(key)
    packets.delete(key)
    packets.set(key, found)
    return found
  }

  /** A storage that fails or lies is a storage that holds nothing. */
  async function load(key: PublicKeyZ32): Promise<SeenPacket | null> {
    if (!o.storage) return null
    try {
      const stored = await o.storage.get(key)
      if (!stored) return null
      const packet = await packetFromBytes(stored.bytes)
      if (packet.publicKey !== key) return null
      const lastSeenMs = Math.min(stored.lastSeenMs, o.nowMs())
      return keep({ packet, lastSeenMs })
    } catch {
      return null
    }
  }

  function isFresh({ packet, lastSeenMs }: SeenPacket): boolean {
    return o.nowMs() < lastSeenMs + packetTtl(packet) * 1000
  }

  function keep(entry: SeenPacket): SeenPacket {
    const key = entry.packet.publicKey
    const known = packets.get(key)
    if (known && isMoreRecent(known.packet, entry.packet)) return known
    const seenAgain =
      known && isSamePacket(known.packet, entry.packet) && entry.lastSeenMs <= known.lastSeenMs
    if (seenAgain) return known
    drop(key)
    packets.set(key, entry)
    held += weightOf(entry)
    for (const oldest of packets.keys()) {
      if (packets.size <= o.size && held <= o.bytes) break
      drop(oldest)
    }
    return entry
  }

  function drop(key: PublicKeyZ32): void {
    const known = packets.get(key)
    if (known) held -= weightOf(known)
    packets.delete(key)
  }

  /** Keeps the newer of what is known and what came; returns the one kept. */
  function put(entry: SeenPacket): SeenPacket {
    const kept = keep(entry)
    if (kept === entry && o.storage) {
      const stored = { bytes: packetToBytes(entry.packet), lastSeenMs: entry.lastSeenMs }
      void o.storage.put(entry.packet.publicKey, stored).catch(() => {})
    }
    return kept
  }

  return { get, put, isFresh }
}

/** Bytes of a packet in memory, its decoded records included, roughly. */
function weightOf({ packet }: SeenPacket): number {
  return PACKET_BYTES + packet.dns.length + packet.records.length * RECORD_BYTES
}
