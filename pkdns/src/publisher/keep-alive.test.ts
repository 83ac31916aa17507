import {
  type Micros,
  nowMicros,
  type ResourceRecord,
  randomKeypair,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  toMicros,
  userRecords,
} from '@pubky/protocol'
import { PubkyError } from '@pubky/sdk'
import type { PkarrClient } from '@pubky/sdk/pkarr/client'
import { createExternalIp } from '@pubky/server-kit'
import { describe, expect, it } from 'vitest'
import { fillAddresses } from './fill-addresses.ts'
import { keepAlive } from './keep-alive.ts'
import { publishZone } from './publish-zone.ts'
import { republishAfterMs, survival } from './schedule.ts'

const keypair = randomKeypair()
const signer = signerFromKeypair(keypair)
const address = (text: string): ResourceRecord => ({
  name: '@',
  ttl: 300,
  data: { type: 'A', address: text },
})

/** A network that keeps one packet. */
function network(first: SignedPacket | null = null) {
  const state = { packet: first, stored: 20, fails: 0, puts: [] as SignedPacket[] }
  const pkarr: PkarrClient = {
    resolve: async () => state.packet,
    async publish(packet) {
      if (state.fails-- > 0) throw new PubkyError('publish_failed')
      state.packet = packet
      state.puts.push(packet)
      return { stored: state.stored }
    },
  }
  return { state, pkarr }
}

describe('publishing a zone', () => {
  // covers 4.5.1
  it('signs anew only what changed, and repeats what did not', async () => {
    const { state, pkarr } = network()
    const first = await publishZone(pkarr, signer, [address('192.0.2.1')], { now: nowMicros })
    const again = await publishZone(pkarr, signer, [address('192.0.2.1')], { now: nowMicros })
    expect([first.isNew, again.isNew]).toEqual([true, false])
    expect(state.puts[1]).toBe(state.puts[0])
    const changed = await publishZone(pkarr, signer, [address('192.0.2.2')], { now: nowMicros })
    expect(changed.packet.timestamp).toBeGreaterThan(first.packet.timestamp)
  })

  // covers 8.13.4
  it('keeps the record that says where the data of a person is', async () => {
    const home = randomKeypair().publicKey
    const { pkarr } = network(await signPacket(signer, userRecords(null, home)))
    const { packet } = await publishZone(pkarr, signer, [address('192.0.2.1')], { now: nowMicros })
    expect(packet.records.map(({ data }) => data.type)).toEqual(['A', 'HTTPS'])
    const again = await publishZone(pkarr, signer, [address('192.0.2.1')], { now: nowMicros })
    expect(again.isNew).toBe(false)
  })

  it('comes after a packet that is dated in the future', async () => {
    const future = toMicros(nowMicros() + 10n ** 12n)
    const { pkarr } = network(await signPacket(signer, [address('192.0.2.1')], future))
    const { packet } = await publishZone(pkarr, signer, [address('192.0.2.2')], { now: nowMicros })
    expect(packet.timestamp).toBe(future + 1n)
  })
})

describe('keeping alive', () => {
  /** Runs with a clock that waits move on; ends after so many waits. */
  async function run(
    net: ReturnType<typeof network>,
    o: { waits: number; records: () => ResourceRecord[]; checkEveryMs?: number },
  ) {
    const stop = new AbortController()
    let nowMs = 1_700_000_000_000
    const waited: number[] = []
    const failed: number[] = []
    await keepAlive({
      pkarr: net.pkarr,
      signer,
      records: async () => o.records(),
      checkEveryMs: o.checkEveryMs ?? 60_000,
      now: () => toMicros(BigInt(nowMs) * 1000n) as Micros,
      signal: stop.signal,
      onFailed: (_, retryMs) => failed.push(retryMs),
      async wait(ms) {
        waited.push(ms)
        nowMs += ms
        if (waited.length >= o.waits) stop.abort()
      },
    })
    return { waited, failed }
  }

  // covers 4.5.3
  it('publishes a changed address at the next look, and else only when it is time', async () => {
    const net = network()
    let looks = 0
    await run(net, {
      waits: 10,
      records: () => [address(++looks < 5 ? '192.0.2.1' : '192.0.2.2')],
    })
    expect(net.state.puts.length).toBe(2)
    const hours = network()
    await run(hours, { waits: 3, records: () => [address('192.0.2.1')], checkEveryMs: 1e9 })
    expect(hours.state.puts.length).toBe(3)
    expect(new Set(hours.state.puts).size).toBe(1)
  })

  // covers 4.5.3
  it('comes back at the next look when somebody else with the key has published', async () => {
    const net = network()
    const old = [address('192.0.2.9')]
    let looks = 0
    await run(net, {
      waits: 6,
      records: () => {
        looks += 1
        if (looks === 3) void publishZone(net.pkarr, signer, old, { now: nowMicros })
        return [address('192.0.2.1')]
      },
    })
    expect(net.state.puts.map(({ records }) => records[0]?.data)).toEqual([
      { type: 'A', address: '192.0.2.1' },
      { type: 'A', address: '192.0.2.9' },
      { type: 'A', address: '192.0.2.1' },
    ])
  })

  it('tries again ever less eagerly while it fails', async () => {
    const net = network()
    net.state.fails = 4
    const { failed } = await run(net, { waits: 5, records: () => [address('192.0.2.1')] })
    expect(failed).toEqual([5000, 10_000, 20_000, 40_000])
    expect(net.state.puts.length).toBe(1)
  })

  // covers 4.2.7, 4.5.2
  it('follows the figures of churn: the fewer nodes, the sooner', () => {
    expect(survival(1)).toBeCloseTo(0.859, 2)
    expect(survival(24)).toBeCloseTo(0.389, 2)
    // 17 nodes about every 30 hours give 99.9 %, so four hours are safe; one node never is.
    expect(republishAfterMs(17)).toBe(4 * 3_600_000)
    expect(republishAfterMs(5)).toBeLessThan(2 * 3_600_000)
    expect(republishAfterMs(1)).toBe(600_000)
    const all = Array.from({ length: 30 }, (_, stored) => republishAfterMs(stored))
    expect(all).toEqual([...all].sort((a, b) => a - b))
  })
})

describe('the address of this machine', () => {
  const services = { ipv4: ['https://a', 'https://b', 'https://c'], ipv6: ['https://d'] }
  const answers: Record<string, string | null> = {
    'https://a': null,
    'https://b': '<html>busy</html>',
    'https://c': '203.0.113.5\n',
    'https://d': '2001:db8::5',
  }
  const fetcher = (async (url: string) => {
    const text = answers[url]
    if (text === null || text === undefined) throw new TypeError('fetch failed')
    return new Response(text)
  }) as typeof fetch

  // covers 4.5.3
  it('is put into the zone from the first service that gives one', async () => {
    const find = createExternalIp({ fetch: fetcher, random: Math.random, services })
    expect(await fillAddresses('@ A {external_ipv4}\n@ AAAA {external_ipv6}', find)).toBe(
      '@ A 203.0.113.5\n@ AAAA 2001:db8::5',
    )
    expect(await fillAddresses('@ A 192.0.2.1', () => Promise.reject(new Error('asked')))).toBe(
      '@ A 192.0.2.1',
    )
  })

  // covers 4.5.3
  it('is an error when nobody tells it', async () => {
    const only = { ipv4: ['https://a', 'https://b'], ipv6: [] }
    const find = createExternalIp({ fetch: fetcher, random: Math.random, services: only })
    await expect(find('ipv4')).rejects.toMatchObject({ code: 'external_ip_unknown' })
  })
})
