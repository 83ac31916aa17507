import { isMoreRecent, type PublicKeyZ32, packetTtl, type SignedPacket } from '@pubky/protocol'
import { ServiceError } from '@pubky/server-kit'
import { LRUCache } from 'lru-cache'
import type { PacketStore } from '../relay/packet-store.ts'
import type { RelayResolver } from '../relay/resolve.ts'
import type { Origin } from './answer.ts'

/** What is known of a key now. */
export type Found =
  | {
      kind: 'packet'
      packet: SignedPacket
      origin: Origin
      /** Seconds since it was last seen, and for which it stays fresh. */
      ageS: number
      ttlS: number
      isStale: boolean
    }
  | { kind: 'missing' }
  | { kind: 'unavailable' }

const MAX_MISSING = 20_000
/** How long a look-up may keep somebody waiting; it goes on behind (RFC 8767 5). */
const PATIENCE_MS = 4000
/** With something to show meanwhile. */
const PATIENCE_WITH_STALE_MS = 1800

export interface PacketSourceContext {
  resolver: Pick<RelayResolver, 'resolve'>
  store: PacketStore
  clock: () => bigint
  /** Seconds: bounds of freshness, and how old a packet may be shown when there is nothing newer. */
  ttl: { min: number; max: number; stale: number }
}

/** The packets of keys for the DNS server: fresh ones at once, else from the DHT, else stale ones. */
export function createPacketSource({ resolver, store, clock, ttl }: PacketSourceContext) {
  const missing = new LRUCache<PublicKeyZ32, true>({ max: MAX_MISSING, ttl: ttl.min * 1000 || 1 })
  store.onChange((key) => void missing.delete(key))

  const ageOf = (lastSeen: bigint) => Math.max(0, Number((clock() - lastSeen) / 1_000_000n))

  function found(packet: SignedPacket, lastSeen: bigint, isStale: boolean): Found {
    const { publicKey: key, timestamp } = packet
    const origin = { key, timestamp, lastSeen, nodes: store.agreed(key) }
    const ageS = ageOf(lastSeen)
    const ttlS = Math.max(0, packetTtl(packet, ttl.min, ttl.max) - ageS)
    return { kind: 'packet', packet, origin, ageS, ttlS, isStale }
  }

  /** `mayAsk` throws when the asker has used up what is left to it of the DHT. */
  async function find(key: PublicKeyZ32, mayAsk: () => void, isRefresh = false): Promise<Found> {
    if (!isRefresh && missing.has(key)) return { kind: 'missing' }
    const kept = await store.get(key)
    const age = kept ? ageOf(kept.lastSeen) : 0
    const isFresh = kept !== null && age < packetTtl(kept.packet, ttl.min, ttl.max)
    if (kept && isFresh && !isRefresh) return found(kept.packet, kept.lastSeen, false)
    const stale = kept && age < ttl.stale ? found(kept.packet, kept.lastSeen, !isFresh) : null
    mayAsk()
    const patience = stale ? PATIENCE_WITH_STALE_MS : PATIENCE_MS
    const asked = ask(key, isRefresh)
    const answer = await Promise.race([asked, later(patience)])
    if (answer?.kind === 'packet') return answer
    if (answer?.kind === 'missing' && !stale) missing.set(key, true)
    // A packet that nobody repeats any longer is still its owner's last word.
    return stale ?? answer ?? { kind: 'unavailable' }
  }

  async function ask(key: PublicKeyZ32, isRefresh: boolean): Promise<Found> {
    try {
      const policy = isRefresh ? 'NetworkOnly' : 'CacheFirst'
      const answer = await resolver.resolve(key, policy, () => {})
      if (answer.isStale) return { kind: 'unavailable' }
      const kept = await store.get(key)
      const newest = kept && isMoreRecent(kept.packet, answer.packet) ? kept : answer
      return found(newest.packet, answer.lastSeen, false)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      const isGone = error.code === 'not_found' || error.code === 'invalid_signed_packet'
      return { kind: isGone ? 'missing' : 'unavailable' }
    }
  }

  return { find }
}

export type PacketSource = ReturnType<typeof createPacketSource>

function later(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null).unref())
}
