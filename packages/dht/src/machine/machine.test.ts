import { createHash } from 'node:crypto'
import type { MutableItem } from '@pubky/sdk/dht'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { type Contact, compareDistance, isAllowedAddress, parseHostPort } from '../contact.ts'
import { createBuckets } from './buckets.ts'
import { createLookup } from './lookup.ts'
import { createNeighbours } from './neighbours.ts'
import { createNewest } from './newest.ts'
import { compareItems } from './order.ts'
import { createStorage } from './storage.ts'
import { tally } from './tally.ts'
import { createTokens } from './tokens.ts'

const isSecure = () => true
const idOf = (n: number) => Uint8Array.from(createHash('sha1').update(`node ${n}`).digest())
const contact = (n: number): Contact => ({ id: idOf(n), host: '127.0.0.1', port: 1000 + n })
const target = idOf(-1)
const byDistance = (a: Contact, b: Contact) => compareDistance(target, a.id, b.id)
const item = (seq: number, value: string): MutableItem => ({
  key: new Uint8Array(32),
  seq: BigInt(seq),
  value: Buffer.from(value),
  sig: new Uint8Array(64),
})

/** Drives a look-up over a made-up network in which everybody knows some others. */
function simulate(
  size: number,
  knows: number,
  dead: ReadonlySet<number>,
  pick: (n: number) => number,
) {
  const machine = createLookup({
    target,
    k: 8,
    concurrency: 3,
    maxAsked: 500,
    maxPerHost: 1000,
    isSecure,
    radius: 0,
  })
  machine.seed([contact(0), contact(1), contact(2)])
  const flying: ReturnType<typeof machine.next> = []
  for (;;) {
    flying.push(...machine.next())
    expect(flying.length).toBeLessThanOrEqual(3)
    const [one] = flying.splice(pick(flying.length), 1)
    if (!one) break
    const n = one.port - 1000
    if (dead.has(n)) machine.fail(one)
    else {
      const nodes = Array.from({ length: knows }, (_, at) => contact((n * 7 + at * 13 + 1) % size))
      const near = Array.from({ length: size }, (_, at) => contact(at))
        .sort(byDistance)
        .slice(0, 4)
      machine.answer(one, { id: one.id ?? idOf(n), token: null, nodes: [...nodes, ...near] })
    }
  }
  return machine
}

describe('a look-up', () => {
  it('ends with the closest living nodes, whatever the order of answers', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 3, max: 59 }), { maxLength: 20 }),
        fc.nat(),
        (gone, seed) => {
          const dead = new Set(gone)
          let state = seed
          const machine = simulate(60, 20, dead, (n) => {
            state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
            return n === 0 ? 0 : state % n
          })
          const found = machine.closest()
          expect(machine.isIdle()).toBe(true)
          expect([...found].sort(byDistance)).toEqual(found)
          const living = Array.from({ length: 60 }, (_, n) => n).filter((n) => !dead.has(n))
          const best = living.map(contact).sort(byDistance)[0]
          expect(found[0]?.port).toBe(best?.port)
        },
      ),
      { numRuns: 50 },
    )
  })

  // covers 4.1.5a
  it('stops in a network that names new nodes for ever', () => {
    const machine = createLookup({
      target,
      k: 20,
      concurrency: 20,
      maxAsked: 100,
      maxPerHost: 1e6,
      isSecure,
      radius: 0,
    })
    const closer = (step: number): Contact => {
      const id = Uint8Array.from(target)
      new DataView(id.buffer).setUint32(0, 0xffffffff - step)
      return {
        ...contact(step),
        id: id.map((byte, at) => (at < 4 ? byte ^ (target[at] ?? 0) : byte)),
      }
    }
    machine.seed([closer(0)])
    let n = 1
    for (let batch = machine.next(); batch.length > 0; batch = machine.next()) {
      for (const one of batch) {
        const nodes = Array.from({ length: 20 }, () => closer(n++))
        machine.answer(one, { id: one.id ?? idOf(0), token: null, nodes })
      }
    }
    expect(machine.counts().asked).toBe(100)
  })

  // covers 4.1.5a
  it('believes only so many contacts of one address', () => {
    const machine = createLookup({
      target,
      k: 20,
      concurrency: 20,
      maxAsked: 100,
      maxPerHost: 2,
      isSecure,
      radius: 0,
    })
    machine.seed([contact(1), contact(2), contact(3)])
    expect(machine.next()).toHaveLength(2)
  })

  it('ignores a second answer', () => {
    const machine = createLookup({
      target,
      k: 20,
      concurrency: 20,
      maxAsked: 100,
      maxPerHost: 9,
      isSecure,
      radius: 0,
    })
    machine.seed([contact(1)])
    const [one] = machine.next()
    if (!one) throw new Error('one contact was given')
    machine.answer(one, { id: idOf(1), token: null, nodes: [] })
    machine.fail(one)
    machine.answer(one, { id: idOf(1), token: null, nodes: [contact(2)] })
    expect(machine.next()).toEqual([])
    expect(machine.counts()).toEqual({ asked: 1, answered: 1 })
  })
})

describe('the storage of a node', () => {
  it('ends with the newest of any puts in any order', () => {
    const puts = fc.array(fc.record({ seq: fc.nat(3), value: fc.constantFrom('a', 'b', 'c') }), {
      minLength: 1,
    })
    fc.assert(
      fc.property(puts, (list) => {
        const storage = createStorage({ maxItems: 10, maxBytes: 10_000 })
        for (const { seq, value } of list) storage.put('t', item(seq, value), null)
        const best = list
          .map(({ seq, value }) => item(seq, value))
          .sort(compareItems)
          .at(-1)
        expect(storage.get('t')).toEqual(best)
      }),
    )
  })

  // covers 4.1.1
  it('checks compare-and-swap before anything else', () => {
    const storage = createStorage({ maxItems: 10, maxBytes: 10_000 })
    expect(storage.put('t', item(1, 'a'), 7n).outcome).toBe('stored')
    expect(storage.put('t', item(2, 'b'), 7n).outcome).toBe('cas-mismatch')
    expect(storage.put('t', item(2, 'b'), 1n).outcome).toBe('stored')
    expect(storage.put('t', item(2, 'b'), null).outcome).toBe('same')
    expect(storage.put('t', item(1, 'z'), null).outcome).toBe('not-more-recent')
  })

  // covers 4.1.5b
  it('is bounded in items and in bytes, and forgets what was not used longest', () => {
    const storage = createStorage({ maxItems: 2, maxBytes: 10_000 })
    storage.put('a', item(1, 'a'), null)
    storage.put('b', item(1, 'b'), null)
    storage.get('a')
    expect(
      storage.put('c', item(1, 'c'), null).evicted.map(({ value }) => value.toString()),
    ).toEqual(['b'])
    const small = createStorage({ maxItems: 100, maxBytes: 1300 })
    for (const name of ['a', 'b', 'c']) small.put(name, item(1, 'x'.repeat(400)), null)
    expect(small.size()).toBe(2)
    expect(small.bytes()).toBe(1200)
  })

  // covers 4.1.5b
  it('lets one address push out nothing but its own', () => {
    const storage = createStorage({ maxItems: 4, maxBytes: 10_000, maxPerOwner: 2 })
    storage.put('kept', item(1, 'k'), null, '192.0.2.1')
    storage.put('own', item(1, 'o'), null)
    const evicted = ['a', 'b', 'c', 'd'].flatMap((name) =>
      storage
        .put(name, item(1, name), null, '192.0.2.9')
        .evicted.map((one) => one.value.toString()),
    )
    expect(evicted).toEqual(['a', 'b'])
    expect(storage.get('kept')).not.toBeNull()
    // What somebody else leaves under the same key is that one's from then on.
    storage.put('c', item(2, 'C'), null, '192.0.2.1')
    expect(storage.put('e', item(1, 'e'), null, '192.0.2.9').evicted.length).toBe(1)
    expect(['c', 'd', 'e'].filter((name) => storage.get(name))).toEqual(['c', 'd', 'e'])
  })
})

describe('the newest of a look-up', () => {
  // covers 4.1.9
  it('counts agreement and passes over what is old', () => {
    const newest = createNewest(1n)
    expect(newest.isRelevant(item(1, 'a'))).toBe(false)
    expect(newest.offer(item(2, 'a'))).toBe(true)
    expect(newest.offer(item(2, 'a'))).toBe(false)
    expect(newest.agreed()).toBe(2)
    expect(newest.offer(item(2, 'b'))).toBe(true)
    expect([newest.agreed(), newest.isRelevant(item(2, 'a'))]).toEqual([1, false])
  })
})

describe('tokens', () => {
  // covers 4.1.4
  it('hold for their address through one change of the secret and not two', () => {
    let now = 0n
    let n = 0
    const tokens = createTokens(
      () => now,
      (length) => new Uint8Array(length).fill(++n),
    )
    const token = tokens.issue('10.0.0.1')
    expect(tokens.accepts('10.0.0.2', token)).toBe(false)
    now += 301_000_000n
    expect(tokens.accepts('10.0.0.1', token)).toBe(true)
    now += 301_000_000n
    expect(tokens.accepts('10.0.0.1', token)).toBe(false)
  })

  // covers 4.1.4
  it('do not outlive a long silence', () => {
    let now = 0n
    let n = 0
    const tokens = createTokens(
      () => now,
      (length) => new Uint8Array(length).fill(++n),
    )
    const token = tokens.issue('10.0.0.1')
    now += 3_600_000_000n
    expect(tokens.accepts('10.0.0.1', token)).toBe(false)
  })
})

describe('the small machines', () => {
  it('count the answers of a put', () => {
    expect(tally(['stored', 301, 302, 302, 206, 'no-answer'])).toEqual({
      stored: 1,
      casFailed: 1,
      notMoreRecent: 2,
      failed: 2,
    })
  })

  it('remember neighbours for five minutes', () => {
    let now = 0n
    const neighbours = createNeighbours(() => now)
    neighbours.keep('t', [])
    expect(neighbours.of('t')).toEqual([])
    now += 300_000_000n
    expect(neighbours.of('t')).toBeNull()
  })

  it('bound their keys', () => {
    const buckets = createBuckets({ rate: 1, burst: 1 }, 2)
    for (const key of ['a', 'b', 'c']) buckets.take(key, 0n)
    expect(buckets.size()).toBe(2)
    expect(buckets.take('c', 0n)).toBe(false)
    expect(buckets.take('c', 1_000_000n)).toBe(true)
  })

  it('tell addresses that a network may use', () => {
    const allowed = (network: 'local' | 'mainnet', host: string) =>
      isAllowedAddress(network, { host, port: 1 })
    expect(allowed('local', '127.0.0.1')).toBe(true)
    expect(allowed('local', '8.8.8.8')).toBe(false)
    expect(allowed('mainnet', '8.8.8.8')).toBe(true)
    for (const host of [
      '127.0.0.1',
      '10.1.1.1',
      '192.168.0.1',
      '172.16.0.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '::1',
      'localhost',
      '1.2.3',
    ]) {
      expect(allowed('mainnet', host)).toBe(false)
    }
    expect(isAllowedAddress('local', { host: '127.0.0.1', port: 0 })).toBe(false)
    expect(parseHostPort('router.bittorrent.com:6881')).toEqual({
      host: 'router.bittorrent.com',
      port: 6881,
    })
    for (const text of ['', 'a', 'a:', ':1', 'a:0', 'a:65536', 'a b:1'])
      expect(parseHostPort(text)).toBeNull()
  })
})
