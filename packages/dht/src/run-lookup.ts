import { createHash } from 'node:crypto'
import type { DhtLookup, GetReport, MutableItem, Opt } from '@pubky/sdk/dht'
import { CONTACTS_PER_HOST } from './admission.ts'
import { type Address, type Contact, isAllowedAddress, type NetworkKind } from './contact.ts'
import { deferred } from './deferred.ts'
import { DhtError } from './errors.ts'
import { copyOf, type ItemStore } from './item-store.ts'
import type { Encodable } from './krpc/bencode.ts'
import type { AskResult } from './krpc/socket.ts'
import type { Gate } from './machine/gate.ts'
import { type Candidate, createLookup } from './machine/lookup.ts'
import type { createNeighbours } from './machine/neighbours.ts'
import { distanceShare, type NetworkSize } from './machine/network-size.ts'
import { createNewest } from './machine/newest.ts'
import type { RoundTrips } from './machine/round-trips.ts'
import { isPacketValue } from './packet-value.ts'
import { isSecureId } from './secure-id.ts'

const K = 20
const CONCURRENCY = 20
const MAX_ASKED = 200

/** Asks one node; resolves in any case. */
export type Ask = (
  to: Address,
  q: string,
  a: Record<string, Encodable | undefined>,
) => Promise<AskResult>

/** Everything a look-up touches: the simulator gives it a network and a clock of its own. */
export interface LookupContext {
  id: Uint8Array
  network: NetworkKind
  ask: Ask
  /** Milliseconds of a clock that only goes forward, and a call after so many of them. */
  nowMs: () => number
  after: (ms: number, call: () => void) => () => void
  roundTrips: RoundTrips
  size: NetworkSize
  gate: Gate
  /** Questions of one look-up at once; 20 unless the simulator compares. */
  concurrency?: number
  verify: (item: MutableItem) => Promise<boolean>
  store: Pick<ItemStore, 'get' | 'put'>
  neighbours: ReturnType<typeof createNeighbours>
  bootstrap: readonly Address[]
  closest: (target: Uint8Array, count: number) => Contact[]
  forget: (id: Uint8Array) => void
}

export type LookupResult = { item: MutableItem | null; report: GetReport }

interface LookupOptions extends Opt {
  newerThan?: bigint
  /** Wait for every node of the neighbourhood, as a publication does. */
  isThorough?: boolean
}

/**
 * Starts a look-up of `key`; it runs whether or not anybody reads it. Ends with `dht_busy` when more
 * wait already than will be answered in time.
 */
export function runLookup(
  ctx: LookupContext,
  key: Uint8Array,
  { signal, newerThan, isThorough = false }: LookupOptions = {},
): DhtLookup {
  const found: MutableItem[] = []
  const bell = createBell()
  const running = inTurn(ctx, key, { newerThan: newerThan ?? null, signal, isThorough }, (item) => {
    found.push(item)
    bell.ring()
  })
  running.catch(() => {}).finally(bell.end)

  async function* items(): AsyncGenerator<MutableItem> {
    for (let at = 0; ; at++) {
      while (at >= found.length && !bell.ended()) await bell.wait()
      const item = found[at]
      if (!item) break
      yield item
    }
    await running
  }

  return {
    [Symbol.asyncIterator]: items,
    async first() {
      for await (const item of items()) return item
      return null
    },
    newest: () => running,
  }
}

type DriveOptions = {
  newerThan: bigint | null
  signal: AbortSignal | undefined
  isThorough: boolean
}

/** Look-ups beyond what the node can do at once wait, instead of losing each other's datagrams. */
async function inTurn(
  ctx: LookupContext,
  key: Uint8Array,
  options: DriveOptions,
  onBetter: (item: MutableItem) => void,
): Promise<LookupResult> {
  const entered = ctx.gate.enter()
  if (!entered) throw new DhtError('dht_busy')
  await entered
  try {
    options.signal?.throwIfAborted()
    return await drive(ctx, key, options, onBetter)
  } finally {
    ctx.gate.leave()
  }
}

async function drive(
  ctx: LookupContext,
  key: Uint8Array,
  { newerThan, signal, isThorough }: DriveOptions,
  onBetter: (item: MutableItem) => void,
): Promise<LookupResult> {
  const target = createHash('sha1').update(key).digest()
  const hex = target.toString('hex')
  const newest = createNewest(newerThan)
  const neighbour = ctx.closest(ctx.id, K)[K - 1]
  if (neighbour) ctx.size.sample('own', K, distanceShare(ctx.id, neighbour.id))
  const machine = createLookup({
    target,
    k: K,
    concurrency: ctx.concurrency ?? CONCURRENCY,
    maxAsked: MAX_ASKED,
    maxPerHost: CONTACTS_PER_HOST[ctx.network],
    radius: ctx.size.radius(K),
    isSecure: ctx.network === 'mainnet' ? isSecureId : () => true,
  })
  const usable = (contact: Contact) =>
    Buffer.compare(contact.id, ctx.id) !== 0 && isAllowedAddress(ctx.network, contact)
  const table = ctx.closest(target, K)
  machine.seed(table)
  if (table.length === 0) machine.seed(ctx.bootstrap.map((address) => ({ ...address, id: null })))

  // What this node has itself is told once somebody has answered: by itself it is no word of a network.
  const own = ctx.store.get(hex)
  let untold = own && newest.isRelevant(own) && newest.offer(own) ? own : null
  signal?.throwIfAborted()

  async function take(item: MutableItem): Promise<void> {
    if (Buffer.compare(item.key, key) !== 0 || !newest.isRelevant(item)) return
    if (!newest.isBest(item) && !(await ctx.verify(item))) return
    if (newest.offer(item)) onBetter(item)
  }

  async function ask(candidate: Candidate): Promise<void> {
    const seq = newerThan === null ? {} : { seq: newerThan }
    const sinceMs = ctx.nowMs()
    const cancel = ctx.after(ctx.roundTrips.patience(), () => {
      machine.passOver(candidate)
      pump()
    })
    const result = await ctx.ask(candidate, 'get', { id: ctx.id, target, ...seq })
    cancel()
    const isOther =
      'ok' in result && candidate.id && Buffer.compare(candidate.id, result.ok.id) !== 0
    if (!('ok' in result) || isOther) {
      machine.fail(candidate)
      const isDead = isOther || ('failed' in result && result.failed === 'timeout')
      if (candidate.id && isDead) ctx.forget(candidate.id)
      return
    }
    ctx.roundTrips.sample(ctx.nowMs() - sinceMs)
    if (untold) onBetter(untold)
    untold = null
    const { id, token, nodes, item } = result.ok
    machine.answer(candidate, { id, token, nodes: nodes.filter(usable) })
    if (!item) return
    verifying++
    pump()
    await take(copyOf(item))
    verifying--
  }

  let open = 0
  let verifying = 0
  const done = deferred<void>()
  function pump(): void {
    if (signal?.aborted) {
      done.reject(signal.reason)
      return
    }
    for (const candidate of machine.next()) {
      open++
      ask(candidate)
        .finally(() => open--)
        .then(pump, done.reject)
    }
    // Nothing found is only sure, and a neighbourhood complete, when those that are late have spoken.
    const isHeard = open === 0 || (!isThorough && newest.best() !== null && !untold)
    if (verifying === 0 && machine.isIdle() && isHeard) done.resolve(undefined)
  }

  const abort = () => done.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    pump()
    await done.promise
  } finally {
    signal?.removeEventListener('abort', abort)
  }
  // Nobody to ask: this node is the whole network.
  if (untold && machine.counts().asked === 0) onBetter(untold)
  const near = machine.closest()
  const last = near[K - 1]
  if (last) ctx.size.sample(hex, K, distanceShare(target, last.id))
  const writable = near.flatMap((c) => (c.token ? [{ ...c, token: c.token }] : []))
  ctx.neighbours.keep(hex, writable)
  const item = newest.best()
  const { asked, answered } = machine.counts()
  return {
    item,
    report: {
      queried: asked,
      responded: answered,
      agreed: newest.agreed(),
      newestInvalidSeq: item && !isPacketValue(item.value) ? item.seq : null,
    },
  }
}

/** Wakes readers when something was found or the search has ended. */
function createBell() {
  let ended = false
  let next = deferred<void>()
  const ring = () => {
    next.resolve(undefined)
    next = deferred<void>()
  }
  return {
    ring,
    wait: () => next.promise,
    ended: () => ended,
    end: () => {
      ended = true
      ring()
    },
  }
}
