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
import { relayError } from '../errors.ts'
import type { KeptPacket, PacketStore } from './packet-store.ts'

export const POLICIES = ['CacheOnly', 'CacheFirst', 'NetworkOnly'] as const
export type Policy = (typeof POLICIES)[number]

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
  const asking = new Map<PublicKeyZ32, Promise<KeptPacket>>()

  function isFresh({ packet, lastSeen }: KeptPacket): boolean {
    const age = Number((ctx.clock() - lastSeen) / 1_000_000n)
    return age < packetTtl(packet, ctx.ttl.min, ctx.ttl.max)
  }

  /** Throws `not_found`, `invalid_signed_packet` or `dht_unavailable`. */
  async function resolve(
    key: PublicKeyZ32,
    policy: Policy,
    mayAsk: () => void,
  ): Promise<KeptPacket> {
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
    const running = asking.get(key) ?? ask(key, known?.packet ?? null)
    return running
  }

  function ask(key: PublicKeyZ32, floor: SignedPacket | null): Promise<KeptPacket> {
    const question = first(key, floor).finally(() => asking.delete(key))
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
    return nothing(await lookup.newest(), floor)
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
    const answer = await ctx.dht.get(publicKeyBytes(key)).newest()
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

  return { resolve }
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
