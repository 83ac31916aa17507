import { createHash } from 'node:crypto'
import { verifyItem } from '@pubky/protocol'
import type { DhtLookup, GetReport, MutableItem, Opt } from '@pubky/sdk/dht'
import { type Address, type Contact, isAllowedAddress, type NetworkKind } from './contact.ts'
import { deferred } from './deferred.ts'
import { copyOf, type ItemStore } from './item-store.ts'
import type { KrpcSocket } from './krpc/socket.ts'
import { type Candidate, createLookup } from './machine/lookup.ts'
import type { createNeighbours } from './machine/neighbours.ts'
import { createNewest } from './machine/newest.ts'
import { isPacketValue } from './packet-value.ts'

const K = 20
const CONCURRENCY = 20
const MAX_ASKED = 200
const MAX_PER_HOST = { local: 10_000, mainnet: 8 }

export interface LookupContext {
  id: Uint8Array
  network: NetworkKind
  socket: KrpcSocket
  store: ItemStore
  neighbours: ReturnType<typeof createNeighbours>
  bootstrap: readonly Address[]
  closest: (target: Uint8Array, count: number) => Contact[]
  forget: (id: Uint8Array) => void
}

export type LookupResult = { item: MutableItem | null; report: GetReport }

/** Starts a look-up of `key`; it runs whether or not anybody reads it. */
export function runLookup(
  ctx: LookupContext,
  key: Uint8Array,
  { signal, newerThan }: Opt & { newerThan?: bigint } = {},
): DhtLookup {
  const found: MutableItem[] = []
  const bell = createBell()
  const running = drive(ctx, key, newerThan ?? null, signal, (item) => {
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

async function drive(
  ctx: LookupContext,
  key: Uint8Array,
  newerThan: bigint | null,
  signal: AbortSignal | undefined,
  onBetter: (item: MutableItem) => void,
): Promise<LookupResult> {
  const target = createHash('sha1').update(key).digest()
  const hex = target.toString('hex')
  const newest = createNewest(newerThan)
  const machine = createLookup({
    target,
    k: K,
    concurrency: CONCURRENCY,
    maxAsked: MAX_ASKED,
    maxPerHost: MAX_PER_HOST[ctx.network],
  })
  const usable = (contact: Contact) =>
    Buffer.compare(contact.id, ctx.id) !== 0 && isAllowedAddress(ctx.network, contact)
  const table = ctx.closest(target, K)
  machine.seed(table)
  if (table.length === 0) machine.seed(ctx.bootstrap.map((address) => ({ ...address, id: null })))

  const own = ctx.store.get(hex)
  if (own && newest.isRelevant(own) && newest.offer(own)) onBetter(own)
  signal?.throwIfAborted()

  async function take(item: MutableItem): Promise<void> {
    if (Buffer.compare(item.key, key) !== 0 || !newest.isRelevant(item)) return
    if (!newest.isBest(item) && !(await verifyItem(item))) return
    if (newest.offer(item)) onBetter(item)
  }

  async function ask(candidate: Candidate): Promise<void> {
    const seq = newerThan === null ? {} : { seq: newerThan }
    const result = await ctx.socket.ask(candidate, 'get', { id: ctx.id, target, ...seq })
    const isOther =
      'ok' in result && candidate.id && Buffer.compare(candidate.id, result.ok.id) !== 0
    if (!('ok' in result) || isOther) {
      machine.fail(candidate)
      const isDead = isOther || ('failed' in result && result.failed === 'timeout')
      if (candidate.id && isDead) ctx.forget(candidate.id)
    } else {
      const { id, token, nodes, item } = result.ok
      machine.answer(candidate, { id, token, nodes: nodes.filter(usable) })
      pump()
      if (item) await take(copyOf(item))
    }
    pump()
  }

  let open = 0
  const done = deferred<void>()
  function pump(): void {
    if (signal?.aborted) {
      done.reject(signal.reason)
      return
    }
    for (const candidate of machine.next()) {
      open++
      ask(candidate).then(
        () => closeOne(),
        (error) => done.reject(error),
      )
    }
    if (open === 0 && machine.isIdle()) done.resolve(undefined)
  }
  function closeOne(): void {
    open--
    pump()
  }

  const abort = () => done.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    pump()
    await done.promise
  } finally {
    signal?.removeEventListener('abort', abort)
  }
  const writable = machine.closest().flatMap((c) => (c.token ? [{ ...c, token: c.token }] : []))
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
