import {
  isMoreRecent,
  ProtocolError,
  type PublicKeyZ32,
  packetFromItem,
  packetTtl,
  publicKeyBytes,
  type SignedPacket,
} from '@pubky/protocol'
import type { Dht, DhtLookup, MutableItem } from '@pubky/sdk/dht'
import { ServiceError } from '@pubky/server-kit'
import { orUnavailable, relayError } from '../errors.ts'
import type { KeptPacket, PacketStore } from './packet-store.ts'

export const POLICIES = ['CacheOnly', 'CacheFirst', 'NetworkOnly'] as const
export type Policy = (typeof POLICIES)[number]

/** A packet that was found; stale when it is old and nobody could be asked for a newer one. */
export type FoundPacket = KeptPacket & { readonly isStale?: boolean }

export interface ResolveContext {
  dht: Pick<Dht, 'get'>
  /** Whether this process is the whole network, so that an empty answer is an answer. */
  isAlone: boolean
  store: PacketStore
  clock: () => bigint
  ttl: { min: number; max: number }
  warn: (error: unknown) => void
}

/** Finds packets by the three policies of relays (spec/discovery.md 2.3). */
export function createRelayResolver(ctx: ResolveContext) {
  const asking = new Map<PublicKeyZ32, Promise<FoundPacket>>()

  function isFresh({ packet, lastSeen }: KeptPacket): boolean {
    const age = Number((ctx.clock() - lastSeen) / 1_000_000n)
    return age < packetTtl(packet, ctx.ttl.min, ctx.ttl.max)
  }

  /** Throws `not_found`, `invalid_signed_packet` or `dht_unavailable`. */
  async function resolve(
    key: PublicKeyZ32,
    policy: Policy,
    mayAsk: () => void,
  ): Promise<FoundPacket> {
    if (policy === 'NetworkOnly') {
      mayAsk()
      return newest(key)
    }
    const known = await ctx.store.get(key)
    if (policy === 'CacheOnly') {
      if (known) return known
      throw relayError('not_found')
    }
    if (known && isFresh(known)) return known
    mayAsk()
    // Questions for one key at one time share one look-up.
    return asking.get(key) ?? ask(key, known)
  }

  function ask(key: PublicKeyZ32, known: KeptPacket | null): Promise<FoundPacket> {
    const question = first(key, known?.packet ?? null)
      .catch(orUnavailable)
      .catch((error: unknown) => {
        const isGone = error instanceof ServiceError && error.code === 'dht_unavailable'
        if (!known || !isGone) throw error
        // Better than nothing while the DHT is gone, as long as it says what it is.
        return { ...known, isStale: true }
      })
      .finally(() => asking.delete(key))
    asking.set(key, question)
    return question
  }

  /** The first packet that is not older than `floor`; later and newer ones go into the store. */
  async function first(key: PublicKeyZ32, floor: SignedPacket | null): Promise<KeptPacket> {
    const lookup = ctx.dht.get(
      publicKeyBytes(key),
      floor ? { newerThan: floor.timestamp - 1n } : {},
    )
    const items = lookup[Symbol.asyncIterator]()
    for (let next = await items.next(); !next.done; next = await items.next()) {
      const packet = await parse(next.value)
      if (!packet || (floor && isMoreRecent(floor, packet))) continue
      const kept = { packet, lastSeen: ctx.clock() }
      const rest = { [Symbol.asyncIterator]: () => items }
      store(kept, rest, lookup).catch(ctx.warn)
      return kept
    }
    const answer = await lookup.newest()
    // The only node of a network is its whole word.
    const own = ctx.isAlone && answer.item ? await parse(answer.item) : null
    if (own) return { packet: own, lastSeen: ctx.clock() }
    return nothing(answer, floor)
  }

  /** Goes on behind the first answer: something newer may come, and how many nodes agree. */
  async function store(
    kept: KeptPacket,
    rest: AsyncIterable<MutableItem>,
    lookup: DhtLookup,
  ): Promise<void> {
    await ctx.store.keep(kept.packet, kept.lastSeen)
    let newest = kept.packet
    for await (const item of rest) {
      const packet = await parse(item)
      if (!packet) continue
      newest = packet
      await ctx.store.keep(packet, ctx.clock())
    }
    ctx.store.noteAgreed(newest, (await lookup.newest()).report.agreed)
  }

  /** The newest packet of a whole look-up, whatever the store holds. */
  async function newest(key: PublicKeyZ32): Promise<KeptPacket> {
    const answer = await ctx.dht.get(publicKeyBytes(key)).newest().catch(orUnavailable)
    if (answer.report.responded === 0 && !ctx.isAlone) throw relayError('dht_unavailable')
    const packet = answer.item && (await parse(answer.item))
    if (!packet) return nothing(answer, null)
    const kept = { packet, lastSeen: ctx.clock() }
    await ctx.store.keep(packet, kept.lastSeen)
    ctx.store.noteAgreed(packet, answer.report.agreed)
    return kept
  }

  function nothing(
    { report }: Awaited<ReturnType<DhtLookup['newest']>>,
    floor: SignedPacket | null,
  ): never {
    const seq = report.newestInvalidSeq
    if (seq !== null && (!floor || seq > floor.timestamp)) {
      const headers = { 'pkarr-invalid-signed-packet-seq': String(seq) }
      throw relayError('invalid_signed_packet', { headers })
    }
    if (report.responded === 0 && !ctx.isAlone) throw relayError('dht_unavailable')
    throw relayError('not_found')
  }

  /** The packet of a key when it is in memory and nobody needs to be asked for a newer one. */
  function fresh(key: PublicKeyZ32): KeptPacket | null {
    const kept = ctx.store.inMemory(key)
    return kept && isFresh(kept) ? kept : null
  }

  return { resolve, fresh }
}

export type RelayResolver = ReturnType<typeof createRelayResolver>

async function parse(item: MutableItem): Promise<SignedPacket | null> {
  try {
    return await packetFromItem(item)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
