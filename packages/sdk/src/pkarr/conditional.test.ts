import {
  packetToRelayPayload,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  toMicros,
} from '@pubky/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { client, dhtWith, KEY, NOW, packet, USER } from './testing.ts'

const HOUR = 3_600_000_000n

afterEach(() => void vi.unstubAllGlobals())

/** A relay that keeps to conditions, and remembers them. */
function relay(first: SignedPacket) {
  const conditions: (string | null)[] = []
  const state = { packet: first, answers: [] as number[] }
  const fetcher = (async (_: unknown, init: RequestInit = {}) => {
    const since = new Headers(init.headers).get('if-modified-since')
    conditions.push(since)
    const bound = since === null ? -1n : BigInt(Date.parse(since)) * 1000n
    const status = state.packet.timestamp <= bound ? 304 : 200
    state.answers.push(status)
    if (status === 304) return new Response(null, { status })
    return new Response(packetToRelayPayload(state.packet) as Uint8Array<ArrayBuffer>)
  }) as typeof fetch
  return { conditions, state, fetch: fetcher, relays: ['http://relay.test'] }
}

describe('a question with something known', () => {
  // covers 8.4.5, 8.4.8, 8.6.6
  test('carries the second before as its condition, and 304 is nothing newer, asked once', async () => {
    const net = relay(await packet(5))
    const clock = { now: NOW }
    const pkarr = client(net, clock)
    await pkarr.resolve(KEY)
    clock.now += 2n * HOUR
    net.state.packet = await packet(4)
    expect(await pkarr.resolve(KEY)).toBeNull()
    const second = new Date(Number(NOW / 1000n) + 4000).toUTCString()
    expect(net.conditions).toEqual([null, second])
    expect(net.state.answers).toEqual([200, 304])
    net.state.packet = await packet(6)
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW + 6_000_000n)
  })

  // covers 8.6.6
  test('is answered with the known packet itself, which counts as seen again', async () => {
    const net = relay(await packet(5))
    const clock = { now: NOW }
    const pkarr = client(net, clock)
    await pkarr.resolve(KEY)
    clock.now += 2n * HOUR
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW + 5_000_000n)
    await pkarr.resolve(KEY)
    expect(net.state.answers).toEqual([200, 200])
  })

  // covers 8.4.8
  test.each([
    [0n, 'Thu, 01 Jan 1970 00:00:00 GMT'],
    [2n ** 63n - 1n, 'Fri, 31 Dec 9999 23:59:59 GMT'],
  ])('signed at %s has a condition that is a date, too', async (timestamp, date) => {
    const net = relay(await signPacket(signerFromKeypair(USER), [], toMicros(timestamp)))
    const clock = { now: NOW }
    const pkarr = client(net, clock)
    await pkarr.resolve(KEY)
    clock.now += 2n * HOUR
    await pkarr.resolve(KEY)
    expect(net.conditions).toEqual([null, date])
  })

  // covers 8.4.5
  test('has none under network-only, where everything counts, and none in browsers', async () => {
    for (const name of ['document', 'WorkerGlobalScope']) {
      const net = relay(await packet(5))
      const clock = { now: NOW }
      const everywhere = client(net, clock)
      vi.stubGlobal(name, {})
      const inBrowser = client(net, clock)
      vi.unstubAllGlobals()
      await everywhere.resolve(KEY)
      await everywhere.resolve(KEY, { policy: 'network-only' })
      await inBrowser.resolve(KEY)
      clock.now += 2n * HOUR
      await inBrowser.resolve(KEY)
      expect(net.conditions).toEqual([null, null, null, null])
    }
  })
})

// covers 8.10.7
test.each(['relay.example', '', 'ftp://relay.example', 'pubky://x', 'https://a.example/?x=1'])(
  'the relay "%s" is refused where it is named, not where it is asked',
  (url) => {
    const build = () => client({ relays: ['https://good.example/sub/', url] })
    expect(build).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(build).toThrow(`"${url}"`)
  },
)

// covers 8.10.7
test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 300_001])(
  'a time of %s ms to answer in is refused',
  (timeoutMs) => {
    const build = () => client({ dht: dhtWith(null).dht, timeoutMs })
    expect(build).toThrow(expect.objectContaining({ code: 'bad_option' }))
  },
)
