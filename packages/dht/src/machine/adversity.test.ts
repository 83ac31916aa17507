import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Contact } from '../contact.ts'
import { createFailing } from './failing.ts'
import { createGate } from './gate.ts'
import { createLookup } from './lookup.ts'
import { createNetworkSize, distanceShare } from './network-size.ts'
import { createRoundTrips } from './round-trips.ts'

const isSecure = () => true
const idOf = (n: number) => Uint8Array.from(createHash('sha1').update(`node ${n}`).digest())
const contact = (n: number): Contact => ({ id: idOf(n), host: '127.0.0.1', port: 1000 + n })
const target = idOf(-1)

describe('patience', () => {
  it('follows the answers that came, within its bounds', () => {
    const trips = createRoundTrips({ leastMs: 50, mostMs: 2000 })
    expect(trips.patience()).toBe(1000)
    for (let n = 0; n < 50; n++) trips.sample(100)
    expect(trips.patience()).toBeCloseTo(100, 0)
    trips.sample(400)
    expect(trips.patience()).toBeGreaterThan(350)
    for (let n = 0; n < 50; n++) trips.sample(0.2)
    expect(trips.patience()).toBe(50)
    for (let n = 0; n < 50; n++) trips.sample(n % 2 === 0 ? 1 : 4000)
    expect(trips.patience()).toBe(2000)
  })

  it('lets a look-up go on without a slow node, whose answer still counts', () => {
    const target = new Uint8Array(20)
    const lookup = createLookup({
      target,
      k: 1,
      concurrency: 1,
      maxAsked: 10,
      maxPerHost: 10,
      isSecure,
      radius: 0,
    })
    const at = (byte: number) => ({
      id: new Uint8Array(20).fill(byte),
      host: `1.1.1.${byte}`,
      port: 1,
    })
    lookup.seed([at(1), at(2)])
    const [slow] = lookup.next()
    if (!slow) throw new Error('nobody is asked')
    expect(lookup.next()).toEqual([])
    lookup.passOver(slow)
    expect(lookup.isIdle()).toBe(true)
    const [second] = lookup.next()
    if (!second) throw new Error('the second is not asked')
    expect(second.host).toBe('1.1.1.2')
    lookup.answer(second, { id: at(2).id, token: null, nodes: [] })
    lookup.answer(slow, { id: at(1).id, token: null, nodes: [] })
    expect(lookup.closest().map(({ host }) => host)).toEqual(['1.1.1.1'])
    expect(lookup.counts()).toEqual({ asked: 2, answered: 2 })
  })
})

describe('a look-up among hostile nodes', () => {
  const near = (n: number): Uint8Array => {
    const id = Uint8Array.from(target)
    id[18] = n >> 8
    id[19] = n & 0xff
    return id
  }
  const options = { target, k: 8, concurrency: 8, maxAsked: 200, maxPerHost: 1000 }

  // covers 4.1.11
  it('stops believing a node that names the dead', () => {
    const machine = createLookup({ ...options, isSecure, radius: 0 })
    const liar = contact(0)
    const honest = contact(1)
    const living = Array.from({ length: 20 }, (_, n) => contact(100 + n))
    machine.seed([liar, honest])
    const asked: number[] = []
    for (let round = machine.next(); round.length > 0; round = machine.next()) {
      for (const one of round) {
        asked.push(one.port)
        if (one.port === liar.port) {
          const nodes = Array.from({ length: 40 }, (_, n) => ({
            id: near(n),
            host: '10.0.0.1',
            port: n + 1,
          }))
          machine.answer(one, { id: liar.id, token: null, nodes })
        } else if (one.port < 1000) machine.fail(one)
        else machine.answer(one, { id: one.id ?? near(0), token: null, nodes: living })
      }
    }
    expect(asked.filter((port) => port < 1000).length).toBeLessThanOrEqual(8)
    expect(machine.closest().length).toBe(8)
  })

  // covers 4.1.11
  it('counts only ids that their addresses may have, and asks the others too', () => {
    const machine = createLookup({
      ...options,
      radius: 0,
      isSecure: (_, host) => host === '127.0.0.1',
    })
    const chosen = Array.from({ length: 30 }, (_, n) => ({
      id: near(n),
      host: '10.0.0.1',
      port: n + 1,
    }))
    machine.seed([...chosen, ...Array.from({ length: 20 }, (_, n) => contact(n))])
    for (let round = machine.next(); round.length > 0; round = machine.next()) {
      for (const one of round)
        machine.answer(one, { id: one.id ?? near(0), token: null, nodes: [] })
    }
    const hosts = machine.closest().map(({ host }) => host)
    expect(hosts.filter((host) => host === '127.0.0.1').length).toBe(8)
    expect(hosts.filter((host) => host === '10.0.0.1').length).toBe(8)
  })

  // covers 4.1.11
  it('asks further where more nodes lie near a key than there should be', () => {
    const ask = (radius: number) => {
      const machine = createLookup({ ...options, isSecure, radius })
      const crowd = Array.from({ length: 20 }, (_, n) => ({
        id: near(n),
        host: '10.0.0.1',
        port: n + 1,
      }))
      machine.seed([...crowd, ...Array.from({ length: 300 }, (_, n) => contact(n))])
      for (let round = machine.next(); round.length > 0; round = machine.next())
        for (const one of round)
          machine.answer(one, { id: one.id ?? near(0), token: null, nodes: [] })
      return machine.closest().filter(({ port }) => port >= 1000).length
    }
    expect(ask(0)).toBe(0)
    // Eight are to be expected where a share of eight in three hundred of the space ends.
    expect(ask(8 / 300)).toBeGreaterThan(3)
    expect(ask(1)).toBe(12)
  })
})

describe('the size of the network', () => {
  it('is guessed from how close nodes lie, whatever attackers do at a few places', () => {
    const size = createNetworkSize()
    expect([size.radius(20), size.estimate()]).toEqual([0, null])
    const nodes = Array.from({ length: 2000 }, (_, n) => idOf(n))
    for (let place = 0; place < 15; place++) {
      const at = idOf(10_000 + place)
      const shares = nodes.map((id) => distanceShare(at, id)).sort((a, b) => a - b)
      size.sample(String(place), 20, shares[19] ?? 0)
    }
    const guess = 20 / size.radius(20)
    expect(guess).toBeGreaterThan(1300)
    expect(guess).toBeLessThan(3000)
    expect(size.estimate()).toMatchObject({ nodes: Math.round(guess) })
    expect(size.estimate()?.deviation).toBeCloseTo(0.067, 3)
    for (let place = 0; place < 5; place++) size.sample(`attacked ${place}`, 20, 1e-9)
    expect(20 / size.radius(20)).toBeLessThan(4000)
  })
})

describe('contacts that do not answer', () => {
  it('are given up when they have been silent for a while, not at the first failure', () => {
    let now = 0
    const failing = createFailing({ afterMs: 3000, nowMs: () => now })
    for (let n = 0; n < 50; n++) expect(failing.failed('a')).toBe(false)
    now = 2999
    expect(failing.failed('a')).toBe(false)
    failing.answered('a')
    now = 3500
    expect(failing.failed('a')).toBe(false)
    now = 6500
    expect(failing.failed('a')).toBe(true)
  })
})

describe('a gate', () => {
  // covers 4.1.5d
  it('lets so many in at once, and the others in their order', async () => {
    const gate = createGate(2, 10)
    const order: number[] = []
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        await gate.enter()
        order.push(n)
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setTimeout(resolve, 1))
        inside--
        gate.leave()
      }),
    )
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(most).toBe(2)
  })

  // covers 4.1.5d
  it('turns away what is more than may wait', async () => {
    const gate = createGate(1, 2)
    const [inside, first, second, third] = [1, 2, 3, 4].map(() => gate.enter())
    expect(third).toBeNull()
    await inside
    gate.leave()
    await first
    expect(gate.enter()).not.toBeNull()
    gate.leave()
    await second
  })
})
