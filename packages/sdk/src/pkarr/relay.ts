import {
  MAX_RELAY_PAYLOAD_BYTES,
  type Micros,
  type PublicKeyZ32,
  packetFromRelayPayload,
  packetToRelayPayload,
  type SignedPacket,
} from '@pubky/protocol'
import { PubkyError } from '../errors.ts'
import { discard, expectOk, readBounded, send } from '../http.ts'
import type { SeenPacket } from './cache.ts'

export type ResolvePolicy = 'cache-only' | 'cache-first' | 'network-only'

const POLICY: Record<ResolvePolicy, string> = {
  'cache-only': 'CacheOnly',
  'cache-first': 'CacheFirst',
  'network-only': 'NetworkOnly',
}

export interface RelayContext {
  fetch: typeof fetch
  nowMs: () => number
  timeoutMs: number
  /** Whether questions say what is known already; browsers would have to ask first whether they may. */
  isConditional: boolean
}

interface RelayOptions {
  signal?: AbortSignal | undefined
  policy: ResolvePolicy
  /** The packet that is known, which nothing older must replace. */
  floor?: SignedPacket | undefined
}

/** What one source knows: a packet, or the number of a newer one that is not valid. */
export interface Answer {
  seen: SeenPacket | null
  newestInvalidSeq: bigint | null
}

/** The address of a relay as it was given. Throws `bad_option` when nothing can be asked there. */
export function checkedRelay(relay: string): string {
  let url: URL
  try {
    url = new URL(relay)
  } catch (cause) {
    throw new PubkyError('bad_option', { detail: `the relay "${relay}" is no address`, cause })
  }
  if (!/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new PubkyError('bad_option', {
      detail: `the relay "${relay}" must be an http or https address without query`,
    })
  return relay
}

function relayUrl(relay: string, key: PublicKeyZ32): string {
  return `${relay.replace(/\/+$/, '')}/${key}`
}

/** Asks one relay (spec/discovery.md 2.3). Rejects when it could not be asked, or not in time. */
export function askRelay(
  ctx: RelayContext,
  relay: string,
  key: PublicKeyZ32,
  { signal, ...o }: RelayOptions,
): Promise<Answer> {
  return within(ctx.timeoutMs, relay, signal, (inTime) => ask(ctx, relay, key, o, inTime))
}

/** Ends what takes longer: the head of an answer comes in time, its body a byte a minute. */
async function within<T>(
  ms: number,
  relay: string,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const control = new AbortController()
  const forward = () => control.abort(signal?.reason)
  if (signal?.aborted) forward()
  signal?.addEventListener('abort', forward, { once: true })
  const late = () => control.abort(new PubkyError('timeout', { detail: new URL(relay).host }))
  const timer = setTimeout(late, ms)
  try {
    return await run(control.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', forward)
  }
}

async function ask(
  ctx: RelayContext,
  relay: string,
  key: PublicKeyZ32,
  { policy, floor }: RelayOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const since: Record<string, string> =
    ctx.isConditional && floor ? { 'if-modified-since': secondBefore(floor.timestamp) } : {}
  const get = (headers: Record<string, string>) =>
    send(ctx.fetch, `${relayUrl(relay, key)}?policy=${POLICY[policy]}`, {
      signal,
      credentials: 'omit',
      // A relay lets browsers keep its answer for minutes, which would hide a change.
      cache: 'no-store',
      headers,
    })
  let response = await get(since)
  if (response.status === 304 && 'if-modified-since' in since) {
    await discard(response)
    return { seen: null, newestInvalidSeq: null }
  }
  let payload = await payloadOf(response)
  if (payload?.length === 0) {
    response = await get(PAST_CACHES)
    payload = await payloadOf(response)
  }
  if (!payload) return { seen: null, newestInvalidSeq: invalidSeqOf(response) }
  // By the relay's own clock, as ours may be wrong.
  const [seen, date] = ['memento-datetime', 'date'].map((name) =>
    Date.parse(response.headers.get(name) ?? ''),
  )
  const ageMs = Math.max(0, Number(date) - Number(seen)) || 0
  const lastSeenMs = ctx.nowMs() - ageMs
  return { seen: { packet: await parse(key, payload), lastSeenMs }, newestInvalidSeq: null }
}

/** The last moment that the date of a header can tell. */
const MAX_DATE_S = 253_402_300_799n

/**
 * The bound of a question: a packet that is the known one must still be sent, since it tells that it is
 * still there, and dates have no fractions (3.3).
 */
function secondBefore(timestamp: Micros): string {
  const second = timestamp / 1_000_000n - 1n
  const bound = second < 0n ? 0n : second < MAX_DATE_S ? second : MAX_DATE_S
  return new Date(Number(bound) * 1000).toUTCString()
}

/** What nobody asked for is from a cache on the way: asked once more, past all of them (2.7). */
const PAST_CACHES = { 'cache-control': 'no-cache, no-store, must-revalidate' }

/** The body; empty also for a 304 that nobody asked for; null when the relay knows no packet. */
async function payloadOf(response: Response): Promise<Uint8Array | null> {
  if (response.status === 404 || response.status === 304) {
    await discard(response)
    return response.status === 404 ? null : new Uint8Array()
  }
  await expectOk(response)
  return readBounded(response, MAX_RELAY_PAYLOAD_BYTES)
}

function invalidSeqOf({ headers, status }: Response): bigint | null {
  const seq = headers.get('pkarr-invalid-signed-packet-seq')
  if (seq === null) return null
  if (/^\d{1,19}$/.test(seq)) return BigInt(seq)
  throw new PubkyError('bad_answer', { status, detail: 'pkarr-invalid-signed-packet-seq' })
}

async function parse(key: PublicKeyZ32, payload: Uint8Array): Promise<SignedPacket> {
  try {
    return await packetFromRelayPayload(key, payload)
  } catch (cause) {
    throw new PubkyError('bad_answer', { cause, detail: 'the relay sent an invalid packet' })
  }
}

/** How many DHT nodes hold the packet now, or that another one is in the way. */
export type PutOutcome = { stored: number } | 'conflict'

/** Hands a packet to one relay. `cas` is the timestamp of the packet it replaces. */
export function putToRelay(
  ctx: RelayContext,
  relay: string,
  packet: SignedPacket,
  { signal, cas }: { signal?: AbortSignal | undefined; cas?: Micros | undefined },
): Promise<PutOutcome> {
  // A relay answers when the DHT has answered (spec/discovery.md 2.7).
  return within(ctx.timeoutMs * 3, relay, signal, (inTime) => put(ctx, relay, packet, cas, inTime))
}

async function put(
  ctx: RelayContext,
  relay: string,
  packet: SignedPacket,
  cas: Micros | undefined,
  signal: AbortSignal,
): Promise<PutOutcome> {
  const response = await send(ctx.fetch, relayUrl(relay, packet.publicKey), {
    method: 'PUT',
    body: packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>,
    signal,
    credentials: 'omit',
    headers: cas === undefined ? {} : { 'if-match': String(cas) },
  })
  if ([409, 412, 428].includes(response.status)) {
    await discard(response)
    return 'conflict'
  }
  await expectOk(response)
  await discard(response)
  // Older relays do not say it.
  const nodes = response.headers.get('pkarr-dht-stored-nodes') ?? '1'
  if (/^\d{1,9}$/.test(nodes)) return { stored: Number(nodes) }
  throw new PubkyError('bad_answer', {
    status: response.status,
    detail: 'pkarr-dht-stored-nodes',
  })
}
