import {
  isMoreRecent,
  type Micros,
  nowMicros,
  ProtocolError,
  type PublicKeyZ32,
  packetFromItem,
  packetToItem,
  publicKeyBytes,
  type SignedPacket,
} from '@pubky/protocol'
import { abortable } from '../abort.ts'
import type { Dht, GetReport, Opt } from '../dht.ts'
import { PubkyError } from '../errors.ts'
import { createPacketCache, type SeenPacket } from './cache.ts'
import {
  type Answer,
  askRelay,
  checkedRelay,
  type PutOutcome,
  putToRelay,
  type RelayContext,
  type ResolvePolicy,
} from './relay.ts'
import { createRelayHealth } from './relay-health.ts'
import type { PacketStorage } from './storage.ts'

export type { ResolvePolicy } from './relay.ts'
export type { PacketStorage, StoredPacket } from './storage.ts'

/** spec/discovery.md 3.1: 1000 packets, 2 s for a look-up. */
const CACHE_SIZE = 1000
const CACHE_BYTES = 4 << 20
const TIMEOUT_MS = 2000
const MAX_TIMEOUT_MS = 300_000

export interface PkarrClient {
  /**
   * The newest packet known, null when nobody knows one. Rejects with `unresolvable` when nobody
   * could be asked, with `invalid_record` when the network's newest one is not valid.
   */
  resolve(key: PublicKeyZ32, o?: Opt & { policy?: ResolvePolicy }): Promise<SignedPacket | null>
  /**
   * Announces a packet to the relays and the DHT in parallel. `cas` is the timestamp of the packet
   * it replaces. Rejects with `publish_conflict` or `publish_failed`.
   */
  publish(packet: SignedPacket, o?: Opt & { cas?: Micros }): Promise<{ stored: number }>
}

export interface PkarrClientOptions {
  relays?: readonly string[]
  dht?: Pick<Dht, 'get' | 'put'>
  fetch?: typeof fetch
  now?: () => Micros
  /** In packets. */
  cacheSize?: number
  /** Of packets in memory, roughly. */
  cacheBytes?: number
  /** For a look-up; a publication through a relay may take three times as long. */
  timeoutMs?: number
  storage?: PacketStorage
  /**
   * Tells relays what is known already, so that they send only what is not older. On, except in
   * browsers, which would have to ask first whether they may.
   */
  conditional?: boolean
}

/**
 * Looks up and announces signed packets (spec/discovery.md 3.3). Throws `bad_option` for relays that
 * are no addresses, and for a time that is none.
 *
 * @example
 * const pkarr = createPkarrClient({ relays: ['http://localhost:15411'] })
 */
export function createPkarrClient(o: PkarrClientOptions): PkarrClient {
  const relays = (o.relays ?? []).map(checkedRelay)
  const { dht, now = nowMicros, timeoutMs = TIMEOUT_MS } = o
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS))
    throw new PubkyError('bad_option', {
      detail: `timeoutMs is more than 0 and at most ${MAX_TIMEOUT_MS}`,
    })
  const nowMs = () => Number(now() / 1000n)
  const cache = createPacketCache({
    nowMs,
    size: o.cacheSize ?? CACHE_SIZE,
    bytes: o.cacheBytes ?? CACHE_BYTES,
    storage: o.storage,
  })
  const health = createRelayHealth(relays, nowMs)
  const ctx: RelayContext = {
    // Called as a plain function: browsers refuse `fetch` with another `this`.
    fetch: o.fetch ?? ((input, init) => fetch(input, init)),
    nowMs,
    timeoutMs,
    isConditional: o.conditional ?? !isBrowser(),
  }
  const running = new Map<PublicKeyZ32, Promise<SignedPacket | null>>()

  async function resolve(
    key: PublicKeyZ32,
    { policy = 'cache-first', signal }: Opt & { policy?: ResolvePolicy } = {},
  ): Promise<SignedPacket | null> {
    signal?.throwIfAborted()
    if (policy === 'network-only') return abortable(newest(key, signal), signal)
    const known = await cache.get(key)
    if (policy === 'cache-only')
      return known?.packet ?? abortable(fromRelayCaches(key, signal), signal)
    if (known && cache.isFresh(known)) return known.packet
    // Look-ups of one key at the same time share one question, which nobody's signal ends.
    const shared = running.get(key) ?? ask(key, known)
    return abortable(shared, signal)
  }

  function ask(key: PublicKeyZ32, floor: SeenPacket | null): Promise<SignedPacket | null> {
    const sources = [...relaySources(key, 'cache-first', undefined, floor?.packet)]
    if (dht) sources.push(firstOfDht(dht, key, floor))
    const question = firstOf(sources, floor, cache.isFresh)
      .catch((error: unknown) => {
        // An old record is better than none while nobody can be asked.
        if (floor) return floor
        throw error
      })
      .then((seen) => seen?.packet ?? null)
      .finally(() => running.delete(key))
    running.set(key, question)
    return question
  }

  async function fromRelayCaches(key: PublicKeyZ32, signal?: AbortSignal) {
    if (relays.length === 0) return null
    return (await newestOf(relaySources(key, 'cache-only', signal))).packet
  }

  async function newest(key: PublicKeyZ32, signal?: AbortSignal): Promise<SignedPacket | null> {
    const sources = [...relaySources(key, 'network-only', signal)]
    if (dht) sources.push(newestOfDht(dht, key, signal).then(remember))
    const { packet, invalidSeq } = await newestOf(sources)
    if (invalidSeq !== null && invalidSeq > (packet?.timestamp ?? -1n))
      throw new PubkyError('invalid_record', { detail: `sequence number ${invalidSeq}` })
    return packet
  }

  function relaySources(
    key: PublicKeyZ32,
    policy: ResolvePolicy,
    signal?: AbortSignal,
    floor?: SignedPacket,
  ) {
    return health
      .ask((relay) => askRelay(ctx, relay, key, { policy, signal, floor }))
      .map((answer) => answer.then(remember))
  }

  /** The first packet that will do; what comes after it goes into the cache behind. */
  async function firstOfDht(
    from: Pick<Dht, 'get'>,
    key: PublicKeyZ32,
    floor: SeenPacket | null,
  ): Promise<Answer> {
    const bound = floor?.packet.timestamp ?? 0n
    const lookup = from.get(publicKeyBytes(key), bound > 0n ? { newerThan: bound - 1n } : {})
    const items = lookup[Symbol.asyncIterator]()
    const next = async (): Promise<SeenPacket | null> => {
      for (let item = await items.next(); !item.done; item = await items.next()) {
        const seen = await packetFromItem(item.value).catch(nullIfInvalid)
        if (seen && !isBelow(floor, seen)) return { packet: seen, lastSeenMs: nowMs() }
      }
      return null
    }
    const goOn = async (): Promise<void> => {
      for (let seen = await next(); seen; seen = await next()) cache.put(seen)
    }
    const seen = await next()
    if (seen) {
      cache.put(seen)
      void goOn().catch(() => {})
    } else mustHaveAnswered((await lookup.newest()).report)
    return { seen, newestInvalidSeq: null }
  }

  async function newestOfDht(
    from: Pick<Dht, 'get'>,
    key: PublicKeyZ32,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const lookup = from.get(publicKeyBytes(key), signal ? { signal } : {})
    const { item, report } = await lookup.newest()
    if (!item) mustHaveAnswered(report)
    const { newestInvalidSeq } = report
    return {
      seen: item && newestInvalidSeq === null ? await seenNow(item) : null,
      newestInvalidSeq,
    }
  }

  async function seenNow(item: Parameters<typeof packetFromItem>[0]): Promise<SeenPacket> {
    return { packet: await packetFromItem(item), lastSeenMs: nowMs() }
  }

  function remember(answer: Answer): Answer {
    if (answer.seen) cache.put(answer.seen)
    return answer
  }

  async function publish(
    packet: SignedPacket,
    { cas, signal }: Opt & { cas?: Micros } = {},
  ): Promise<{ stored: number }> {
    signal?.throwIfAborted()
    const known = await cache.get(packet.publicKey)
    if (known && isMoreRecent(known.packet, packet)) throw new PubkyError('publish_conflict')
    const [viaRelays, viaDht] = await Promise.all([
      settle(health.ask((relay) => putToRelay(ctx, relay, packet, { signal, cas }))),
      settle(dht ? [putToDht(dht, packet, { signal, cas })] : []),
    ])
    signal?.throwIfAborted()
    const stored = judge(viaRelays, viaDht)
    cache.put({ packet, lastSeenMs: nowMs() })
    return { stored }
  }

  return { resolve, publish }
}

function isBrowser(): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis
}

/** Whether something newer was known already. */
function isBelow(floor: SeenPacket | null, packet: SignedPacket): boolean {
  return floor !== null && isMoreRecent(floor.packet, packet)
}

function nullIfInvalid(error: unknown): null {
  if (error instanceof ProtocolError) return null
  throw error
}

function mustHaveAnswered({ responded }: GetReport): void {
  if (responded === 0) throw new PubkyError('unresolvable', { detail: 'no DHT node answered' })
}

async function putToDht(
  dht: Pick<Dht, 'put'>,
  packet: SignedPacket,
  { signal, cas }: { signal?: AbortSignal | undefined; cas?: Micros | undefined },
): Promise<PutOutcome> {
  const report = await dht.put(packetToItem(packet), {
    ...(signal ? { signal } : {}),
    ...(cas === undefined ? {} : { cas }),
  })
  const conflicts = report.notMoreRecent + report.casFailed
  if (conflicts > 0 && conflicts >= report.stored) return 'conflict'
  if (report.stored === 0)
    throw new PubkyError('publish_failed', { detail: 'no DHT node stored the record' })
  return { stored: report.stored }
}

interface Settled {
  stored: number
  successes: number
  conflicts: number
  cause: unknown
}

async function settle(puts: readonly Promise<PutOutcome>[]): Promise<Settled> {
  const result: Settled = { stored: 0, successes: 0, conflicts: 0, cause: undefined }
  for (const put of await Promise.allSettled(puts)) {
    if (put.status === 'rejected') result.cause ??= put.reason
    else if (put.value === 'conflict') result.conflicts += 1
    else {
      result.successes += 1
      result.stored = Math.max(result.stored, put.value.stored)
    }
  }
  return result
}

/** spec/discovery.md 3.3: a conflict wins when it is at least as common as success. */
function judge(...groups: readonly Settled[]): number {
  const conflicting = groups.filter((g) => g.conflicts > 0 && g.conflicts >= g.successes)
  const succeeding = groups.filter((g) => g.successes > g.conflicts)
  if (conflicting.length > 0 && conflicting.length >= succeeding.length)
    throw new PubkyError('publish_conflict')
  if (succeeding.length === 0)
    throw new PubkyError('publish_failed', { cause: groups.find((g) => g.cause)?.cause })
  return Math.max(...succeeding.map((g) => g.stored))
}

/**
 * The first fresh packet that is not older than `floor`; null when somebody answered and nobody had
 * one. Rejects with `unresolvable` when nobody answered.
 */
async function firstOf(
  sources: readonly Promise<Answer>[],
  floor: SeenPacket | null,
  isFresh: (entry: SeenPacket) => boolean,
): Promise<SeenPacket | null> {
  let answered = false
  const usable = sources.map(async (source) => {
    const { seen } = await source
    answered = true
    if (!seen || isBelow(floor, seen.packet) || !isFresh(seen)) throw new PubkyError('not_found')
    return seen
  })
  try {
    return await Promise.any(usable)
  } catch (cause) {
    if (answered) return null
    throw unresolvable(cause instanceof AggregateError ? cause.errors[0] : cause)
  }
}

async function newestOf(
  sources: readonly Promise<Answer>[],
): Promise<{ packet: SignedPacket | null; invalidSeq: bigint | null }> {
  let packet: SignedPacket | null = null
  let invalidSeq: bigint | null = null
  let cause: unknown
  let answered = false
  for (const source of await Promise.allSettled(sources)) {
    if (source.status === 'rejected') {
      cause ??= source.reason
      continue
    }
    answered = true
    const { seen, newestInvalidSeq } = source.value
    if (seen && (!packet || isMoreRecent(seen.packet, packet))) packet = seen.packet
    if (newestInvalidSeq !== null && newestInvalidSeq > (invalidSeq ?? -1n))
      invalidSeq = newestInvalidSeq
  }
  if (!answered) throw unresolvable(cause)
  return { packet, invalidSeq }
}

function unresolvable(cause: unknown): PubkyError {
  return new PubkyError('unresolvable', { cause })
}
