import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DhtError } from '@pubky/dht'
import { randomKeypair, signerFromKeypair, signPacket, toMicros } from '@pubky/protocol'
import type { GetReport, MutableItem, PutReport } from '@pubky/sdk/dht'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPacketStore, type PacketStore } from './packet-store.ts'
import { createPublisher } from './publish.ts'
import { createRelayResolver } from './resolve.ts'

const keypair = randomKeypair()
const packet = (timestamp: bigint) =>
  signPacket(signerFromKeypair(keypair), [], toMicros(timestamp))
const free = () => {}
const clock = () => 1n

function openStore(): Promise<PacketStore> {
  const file = join(dir, 'packets.log')
  return openPacketStore({ file, maxBytes: 1 << 20, maxPackets: 100, clock, warn: free })
}
const report = (o: Partial<PutReport>): PutReport => ({
  stored: 0,
  notMoreRecent: 0,
  casFailed: 0,
  failed: 0,
  ...o,
})

let dir: string
let store: PacketStore
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-publish-'))
  store = await openStore()
})
afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

/** A DHT whose puts wait until they are told what to report. */
function slowDht() {
  const waiting: {
    item: MutableItem
    cas?: bigint | undefined
    answer: (report: PutReport) => void
  }[] = []
  const put = (item: MutableItem, o: { cas?: bigint } = {}) =>
    new Promise<PutReport>((answer) => {
      waiting.push({ item, cas: o.cas, answer })
    })
  return { waiting, dht: { put } }
}

describe('a publication in flight', () => {
  // covers 8.5.11
  it('is joined by the same packet and stands in the way of others', async () => {
    const { waiting, dht } = slowDht()
    const { publish } = createPublisher({ dht, store, clock: () => 1n })
    const running = publish(await packet(100n), null, free)
    await expect.poll(() => waiting.length).toBe(1)
    const joined = publish(await packet(100n), null, free)
    const code = async (timestamp: bigint, ifMatch: bigint | null) =>
      publish(await packet(timestamp), ifMatch, free).catch((error) => error.code)
    expect(await code(99n, null)).toBe('not_most_recent')
    expect(await code(101n, null)).toBe('conflict_risk')
    expect(await code(101n, 7n)).toBe('cas_failed')
    const replacing = publish(await packet(101n), 100n, free)
    await expect.poll(() => waiting.length).toBe(2)
    expect(waiting[1]?.cas).toBe(100n)
    for (const { answer } of waiting) answer(report({ stored: 3 }))
    expect(await Promise.all([running, joined, replacing])).toEqual([3, 3, 3])
    expect((await store.get(keypair.publicKey))?.packet.timestamp).toBe(101n)
  })

  it('leaves nothing behind when it fails', async () => {
    const { waiting, dht } = slowDht()
    const { publish } = createPublisher({ dht, store, clock: () => 1n })
    const failing = publish(await packet(100n), null, free)
    await expect.poll(() => waiting.length).toBe(1)
    waiting[0]?.answer(report({ failed: 4 }))
    await expect(failing).rejects.toMatchObject({ code: 'dht_failed', status: 500 })
    expect(await store.get(keypair.publicKey)).toBeNull()
    const again = publish(await packet(99n), null, free)
    await expect.poll(() => waiting.length).toBe(2)
    waiting[1]?.answer(report({ stored: 1 }))
    expect(await again).toBe(1)
  })

  // covers 8.8.2
  it('does not reach the DHT when the quota of the client is used up', async () => {
    const { waiting, dht } = slowDht()
    const { publish } = createPublisher({ dht, store, clock: () => 1n })
    const refuse = () => {
      throw new RangeError('quota')
    }
    await expect(publish(await packet(1n), null, refuse)).rejects.toThrow('quota')
    expect(waiting).toHaveLength(0)
  })
})

describe('the outcome of a publication', () => {
  it.each([
    [{ stored: 1, failed: 19 }, 1],
    [{ stored: 11, notMoreRecent: 9 }, 11],
    [{ stored: 9, notMoreRecent: 11 }, 'not_most_recent'],
    [{ stored: 9, casFailed: 11 }, 'cas_failed'],
    [{ notMoreRecent: 1, failed: 9 }, 'not_most_recent'],
    [{ casFailed: 1, failed: 9 }, 'cas_failed'],
    [{ failed: 9 }, 'dht_failed'],
    [{}, 'dht_failed'],
  ])('of %o is %s', async (counts, outcome) => {
    const dht = { put: async () => report(counts) }
    const { publish } = createPublisher({ dht, store, clock: () => 1n })
    const result = await publish(await packet(1n), null, free).catch((error) => error.code)
    expect(result).toBe(outcome)
  })
})

it('a DHT node with too much to do is as good as none', async () => {
  const busy = async () => {
    throw new DhtError('dht_busy')
  }
  const { publish } = createPublisher({ dht: { put: busy }, store, clock: () => 1n })
  await expect(publish(await packet(1n), null, free)).rejects.toMatchObject({
    code: 'dht_unavailable',
    status: 503,
  })
})

describe('the store of packets', () => {
  // covers 8.6.4
  it('never goes back, remembers the later sight, and reads from disk what memory forgot', async () => {
    const [old, newer] = [await packet(1n), await packet(2n)]
    await Promise.all([store.keep(newer, 10n), store.keep(old, 20n), store.keep(newer, 30n)])
    expect(await store.get(keypair.publicKey)).toEqual({ packet: newer, lastSeen: 30n })
    await store.close()
    store = await openStore()
    expect(store.stats()).toMatchObject({ inMemory: 0, onDisk: 1 })
    expect(await store.get(keypair.publicKey)).toEqual({ packet: newer, lastSeen: 10n })
  })

  // covers 8.12.9
  it('counts each packet in memory by its bytes, its records and what goes with it', async () => {
    const weigh = async (...addresses: string[]) => {
      const records = addresses.map(
        (address) => ({ name: '@', ttl: 60, data: { type: 'A', address } }) as const,
      )
      const one = await signPacket(signerFromKeypair(randomKeypair()), records)
      const before = store.stats().memoryBytes
      await store.keep(one, 1n)
      return [store.stats().memoryBytes - before, one.dns.length]
    }
    // The first one makes the index, which counts for itself.
    await weigh()
    expect(await weigh()).toEqual([1300 + 12, 12])
    expect(await weigh('192.0.2.1', '192.0.2.2')).toEqual([1300 + 2 * 200 + 96, 96])
  })

  // covers 8.2.13
  it('takes what a clock that was ahead has seen for never seen', async () => {
    await store.keep(await packet(1n), 60_000_002n)
    await store.close()
    store = await openStore()
    expect(await store.get(keypair.publicKey)).toMatchObject({ lastSeen: 0n })
  })
})

describe('the resolver of the relay', () => {
  const empty = (counts: Partial<GetReport>) => ({
    get: () => ({
      async *[Symbol.asyncIterator]() {},
      first: async () => null,
      newest: async () => ({
        item: null,
        report: { queried: 0, responded: 0, agreed: 0, newestInvalidSeq: null, ...counts },
      }),
    }),
  })
  const resolver = (dht: ReturnType<typeof empty>, isAlone = false) =>
    createRelayResolver({
      dht,
      isAlone,
      store,
      clock: () => 1n,
      ttl: { min: 300, max: 300 },
      warn: free,
    })

  // covers 8.3.5
  it.each([
    [{}, false, 'dht_unavailable'],
    [{ queried: 5 }, false, 'dht_unavailable'],
    [{ queried: 5, responded: 1 }, false, 'not_found'],
    [{}, true, 'not_found'],
    [{ queried: 5, responded: 1, newestInvalidSeq: 7n }, false, 'invalid_signed_packet'],
  ])('tells %o, alone %s, as %s', async (counts, isAlone, code) => {
    for (const policy of ['CacheFirst', 'NetworkOnly'] as const) {
      const asked = resolver(empty(counts), isAlone).resolve(keypair.publicKey, policy, free)
      await expect(asked).rejects.toMatchObject({ code })
    }
  })

  // covers 8.3.3, 8.8.8
  it('tells of an item that is no packet only when it is newer than what is known', async () => {
    await store.keep(await packet(10n), 0n)
    const later = () => 1_000_000_000n
    const ask = (newestInvalidSeq: bigint) =>
      createRelayResolver({
        dht: empty({ queried: 5, responded: 5, newestInvalidSeq }),
        isAlone: false,
        store,
        clock: later,
        ttl: { min: 300, max: 300 },
        warn: free,
      }).resolve(keypair.publicKey, 'CacheFirst', free)
    await expect(ask(10n)).rejects.toMatchObject({ code: 'not_found' })
    await expect(ask(11n)).rejects.toMatchObject({ code: 'invalid_signed_packet' })
  })
})
