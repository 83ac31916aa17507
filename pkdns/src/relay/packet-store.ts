import { type ItemLog, openItemLog } from '@pubky/dht'
import {
  isMoreRecent,
  isSamePacket,
  type PublicKeyZ32,
  packetFromItem,
  packetToItem,
  publicKeyBytes,
  type SignedPacket,
} from '@pubky/protocol'
import { LRUCache } from 'lru-cache'

/** A packet with the local time it was last heard of, in microseconds. */
export interface KeptPacket {
  readonly packet: SignedPacket
  readonly lastSeen: bigint
}

/** Parsed records, keys, sent form and bookkeeping of a packet in memory, roughly. */
const PACKET_OVERHEAD_BYTES = 1300
const RECORD_BYTES = 200
/** The index of the packets on disk takes at most the rest of the memory. */
const LEAST_SHARE = 1 / 4
const MAX_AGREED = 100_000
const MAX_AHEAD_MICROS = 60_000_000n

/**
 * The relay's packets: the recently used in memory, within a bound of bytes that counts the index of
 * the others, too; all of them on disk.
 * A packet is replaced only by a more recent one (spec/discovery.md 2.3, rule of the cache).
 */
export async function openPacketStore(o: {
  file: string
  maxBytes: number
  maxPackets: number
  /** Microseconds since the epoch. */
  clock: () => bigint
  warn: (error: unknown) => void
}) {
  const log: ItemLog = await openItemLog({ file: o.file, maxItems: o.maxPackets })
  const memory = new LRUCache<PublicKeyZ32, KeptPacket>({
    maxSize: o.maxBytes,
    sizeCalculation: ({ packet }) =>
      packet.dns.length + PACKET_OVERHEAD_BYTES + packet.records.length * RECORD_BYTES,
  })
  const turns = new Map<PublicKeyZ32, Promise<unknown>>()
  const agreed = new LRUCache<PublicKeyZ32, number>({ max: MAX_AGREED })
  const listeners: ((key: PublicKeyZ32) => void)[] = []

  function remember(key: PublicKeyZ32, kept: KeptPacket): void {
    memory.set(key, kept)
    const room = Math.max(o.maxBytes * LEAST_SHARE, o.maxBytes - log.indexBytes())
    while (memory.calculatedSize > room) memory.pop()
  }

  async function get(key: PublicKeyZ32): Promise<KeptPacket | null> {
    const known = memory.get(key)
    if (known) return known
    const entry = await log.get(publicKeyBytes(key))
    if (!entry) return null
    try {
      const packet = await packetFromItem(entry.item)
      // A clock that was wrong must not make a packet fresh for years (spec/discovery.md 1.1).
      const isFuture = entry.storedAt > o.clock() + MAX_AHEAD_MICROS
      const kept = { packet, lastSeen: isFuture ? 0n : entry.storedAt }
      // Something newer may have come while this was read.
      const meanwhile = memory.get(key)
      if (meanwhile) return meanwhile
      remember(key, kept)
      return kept
    } catch (error) {
      o.warn(error)
      log.drop(publicKeyBytes(key))
      return null
    }
  }

  /** Keeps the packet unless a more recent one is there; resolves when it is durable. */
  function keep(packet: SignedPacket, lastSeen: bigint): Promise<void> {
    const key = packet.publicKey
    const turn = (turns.get(key) ?? Promise.resolve()).then(() => keepNow(packet, lastSeen))
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (turns.get(key) === settled) turns.delete(key)
      })
    turns.set(key, settled)
    return turn
  }

  async function keepNow(packet: SignedPacket, lastSeen: bigint): Promise<void> {
    const known = await get(packet.publicKey)
    if (known && isSamePacket(known.packet, packet)) {
      if (lastSeen > known.lastSeen) remember(packet.publicKey, { packet, lastSeen })
      log.touch(publicKeyBytes(packet.publicKey))
      return
    }
    if (known && !isMoreRecent(packet, known.packet)) return
    await log.put(packetToItem(packet), lastSeen)
    remember(packet.publicKey, { packet, lastSeen })
    agreed.delete(packet.publicKey)
    for (const tell of listeners) tell(packet.publicKey)
  }

  return {
    get,
    /** The packet of a key when it is in memory. */
    inMemory: (key: PublicKeyZ32): KeptPacket | null => memory.get(key) ?? null,
    keep,
    /** Calls `tell` with each key whose packet was replaced. */
    onChange: (tell: (key: PublicKeyZ32) => void): void => void listeners.push(tell),
    /** How many DHT nodes held the newest packet at the last whole look-up or publication. */
    agreed: (key: PublicKeyZ32): number | null => agreed.get(key) ?? null,
    noteAgreed(packet: SignedPacket, nodes: number): void {
      const known = memory.get(packet.publicKey)
      if (known && isSamePacket(known.packet, packet)) agreed.set(packet.publicKey, nodes)
    },
    stats: () => ({
      inMemory: memory.size,
      memoryBytes: memory.calculatedSize + log.indexBytes(),
      maxBytes: o.maxBytes,
      onDisk: log.size(),
    }),
    close: () => log.close(),
  }
}

export type PacketStore = Awaited<ReturnType<typeof openPacketStore>>
