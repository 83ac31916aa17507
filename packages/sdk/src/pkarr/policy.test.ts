import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  bep44Signable,
  packetToItem,
  packetToRelayPayload,
  publicKeyBytes,
  type SignedPacket,
  signerFromKeypair,
  utf8,
} from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import type { Dht, MutableItem } from '../dht.ts'
import { client, dhtWith, KEY, NOW, packet, relays, USER } from './testing.ts'

const HOUR = 3_600_000_000n
const OLD_ANSWER = { policy: 'cache-only' } as const

/** A DHT whose items come when the test says so. */
function slowDht(responded = 8) {
  const items: MutableItem[] = []
  const bounds: (bigint | undefined)[] = []
  let ring = () => {}
  let ended = false
  const dht: Pick<Dht, 'get' | 'put'> = {
    get: (_, o = {}) => {
      bounds.push(o.newerThan)
      async function* all() {
        for (let at = 0; ; at++) {
          while (at >= items.length && !ended) await new Promise<void>((wake) => (ring = wake))
          const item = items[at]
          if (!item) return
          yield item
        }
      }
      return {
        first: async () => null,
        newest: async () => ({
          item: items.at(-1) ?? null,
          report: { queried: 8, responded, agreed: 1, newestInvalidSeq: null },
        }),
        [Symbol.asyncIterator]: all,
      }
    },
    put: async () => ({ stored: 0, notMoreRecent: 8, casFailed: 0, failed: 0 }),
  }
  const give = (...found: (SignedPacket | MutableItem)[]) => {
    items.push(...found.map((one) => ('dns' in one ? packetToItem(one) : one)))
    ring()
  }
  const end = () => {
    ended = true
    ring()
  }
  return { dht, bounds, give, end }
}

async function noPacket(seq: bigint): Promise<MutableItem> {
  const value = utf8('no DNS message')
  const sig = await signerFromKeypair(USER).sign(bep44Signable(seq, value))
  return { key: publicKeyBytes(KEY), seq, value, sig }
}

function seen(of: SignedPacket, hoursAgo: number): Response {
  const date = Number(NOW / 1000n)
  return new Response(packetToRelayPayload(of) as Uint8Array<ArrayBuffer>, {
    headers: {
      date: new Date(date).toUTCString(),
      'memento-datetime': new Date(date - hoursAgo * 3_600_000).toUTCString(),
    },
  })
}

describe('a look-up in the DHT', () => {
  // covers 4.1.10
  test('gives the first packet at once and keeps a newer one that comes later', async () => {
    const slow = slowDht()
    const pkarr = client({ dht: slow.dht })
    slow.give(await packet(0))
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW)
    slow.give(await packet(9))
    await expect
      .poll(async () => (await pkarr.resolve(KEY, OLD_ANSWER))?.timestamp)
      .toBe(NOW + 9_000_000n)
  })

  // covers 8.3.2, 8.5.4, 8.5.19, 8.6.7
  test('passes over what is no packet and what is older than what was known', async () => {
    const slow = slowDht()
    const clock = { now: NOW }
    const net = relays({ a: await packet(5) })
    const pkarr = client({ ...net, dht: slow.dht }, clock)
    await pkarr.resolve(KEY)
    clock.now += 2n * HOUR
    net.answers.a = null
    const again = pkarr.resolve(KEY)
    slow.give(await packet(1), await noPacket(NOW + 6_000_000n), await packet(7))
    expect((await again)?.timestamp).toBe(NOW + 7_000_000n)
    expect(slow.bounds).toEqual([undefined, NOW + 5_000_000n - 1n])
    slow.end()
  })

  // covers 8.3.5
  test('that reaches nobody is no answer', async () => {
    const alone = slowDht(0)
    alone.end()
    for (const policy of ['cache-first', 'network-only'] as const) {
      const unreachable = client({ dht: alone.dht }).resolve(KEY, { policy })
      await expect(unreachable).rejects.toMatchObject({ code: 'unresolvable' })
      const net = relays({ a: null })
      expect(await client({ ...net, dht: alone.dht }).resolve(KEY, { policy })).toBeNull()
    }
  })
})

describe('the answers of relays', () => {
  // covers 8.4.7
  test('that nobody asked for are asked for once more, past caches', async () => {
    const full = await packet(0)
    for (const odd of [new Response(null, { status: 304 }), new Response('')]) {
      const sent: (string | null)[] = []
      const fetcher = (async (_: unknown, init: RequestInit = {}) => {
        sent.push(new Headers(init.headers).get('cache-control'))
        return sent.length === 1 ? odd.clone() : seen(full, 0)
      }) as typeof fetch
      const pkarr = client({ relays: ['http://a.test'], fetch: fetcher })
      expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW)
      expect(sent).toEqual([null, 'no-cache, no-store, must-revalidate'])
    }
    const always = relays({ a: new Response(null, { status: 304 }) })
    await expect(client(always).resolve(KEY)).rejects.toMatchObject({ code: 'unresolvable' })
    expect(always.requests.length).toBe(2)
  })

  // covers 8.4.6
  test('are never those of a cache on the way', async () => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.headers['cache-control'])
      response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const pkarr = client({ relays: [`http://127.0.0.1:${port}`] })
    await pkarr.resolve(KEY, { policy: 'network-only' })
    expect(asked).toEqual(['no-cache'])
    server.closeAllConnections()
    server.close()
  })

  // covers 4.2.11, 8.5.23, 8.6.3
  test('end when their time is up, however they trickle in', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(drip))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const pkarr = client({ relays: [`http://127.0.0.1:${port}`], timeoutMs: 200 })
    const late = { code: 'unresolvable', cause: expect.objectContaining({ code: 'timeout' }) }
    for (const policy of ['cache-first', 'network-only'] as const)
      await expect(pkarr.resolve(KEY, { policy })).rejects.toMatchObject(late)
    // The head of the answer has said all there is to say.
    expect((await pkarr.publish(await packet(0))).stored).toBe(1)
    server.closeAllConnections()
    server.close()
  })

  // covers 8.4.1, 8.4.4
  test('with numbers that are none are refused', async () => {
    const seq = { 'pkarr-invalid-signed-packet-seq': 'many' }
    const bad = relays({ a: new Response(null, { status: 404, headers: seq }) })
    await expect(client(bad).resolve(KEY)).rejects.toMatchObject({ code: 'unresolvable' })
    const put = async (headers: Record<string, string>) =>
      client(relays({ a: new Response(null, { status: 204, headers }) })).publish(await packet(0))
    await expect(put({ 'pkarr-dht-stored-nodes': 'many' })).rejects.toMatchObject({
      code: 'publish_failed',
    })
    expect((await put({})).stored).toBe(1)
  })

  // covers 8.4.11
  test('are from now when their date is none or in the future', async () => {
    for (const date of ['some day', new Date(Number(NOW / 1000n) + 9e9).toUTCString()]) {
      const answer = seen(await packet(0), 0)
      answer.headers.set('memento-datetime', date)
      const clock = { now: NOW }
      const net = relays({ a: answer })
      const pkarr = client(net, clock)
      await pkarr.resolve(KEY)
      clock.now += HOUR - 1_000_000n
      await pkarr.resolve(KEY)
      expect(net.requests.length).toBe(1)
      clock.now += 2_000_000n
      await pkarr.resolve(KEY)
      expect(net.requests.length).toBe(2)
    }
  })

  // covers 8.4.2, 8.6.3
  test('of a relay that cannot reach the DHT are none', async () => {
    const away = new Response(null, { status: 503 })
    const alone = client(relays({ a: away }))
    await expect(alone.resolve(KEY)).rejects.toMatchObject({ code: 'unresolvable' })
    expect(await client(relays({ a: away, b: null })).resolve(KEY)).toBeNull()
  })

  // covers 8.3.2, 8.4.4
  test('about an item that is no packet do not hide a newer packet', async () => {
    const gone = (seq: bigint) =>
      new Response(null, {
        status: 404,
        headers: { 'pkarr-invalid-signed-packet-seq': String(seq) },
      })
    const net = relays({ a: gone(NOW), b: await packet(0) })
    const newest = { policy: 'network-only' } as const
    expect((await client(net).resolve(KEY, newest))?.timestamp).toBe(NOW)
    net.answers.a = gone(NOW + 1n)
    await expect(client(net).resolve(KEY, newest)).rejects.toMatchObject({ code: 'invalid_record' })
  })

  // covers 8.5.5
  test('of the network count under network-only, whatever was known, which is kept', async () => {
    const net = relays({ a: await packet(9) })
    const pkarr = client(net)
    await pkarr.resolve(KEY)
    net.answers.a = await packet(1)
    const found = await pkarr.resolve(KEY, { policy: 'network-only' })
    expect(found?.timestamp).toBe(NOW + 1_000_000n)
    expect((await pkarr.resolve(KEY, OLD_ANSWER))?.timestamp).toBe(NOW + 9_000_000n)
  })

  // covers 8.5.3, 8.5.19, 8.5.20, 8.6.5
  test('that are too old count as none, but are kept when they are newer', async () => {
    const net = relays({ a: seen(await packet(9), 2), b: seen(await packet(5), 0) })
    const pkarr = client(net)
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW + 5_000_000n)
    expect((await pkarr.resolve(KEY, OLD_ANSWER))?.timestamp).toBe(NOW + 9_000_000n)
    const nothingFresh = client(relays({ a: seen(await packet(9), 2) }))
    expect(await nothingFresh.resolve(KEY)).toBeNull()
  })

  // covers 8.5.17
  test('from their caches are kept, and asked for only when nothing is known here', async () => {
    const net = relays({ a: await packet(3) })
    const pkarr = client(net)
    expect((await pkarr.resolve(KEY, OLD_ANSWER))?.timestamp).toBe(NOW + 3_000_000n)
    await pkarr.resolve(KEY, OLD_ANSWER)
    expect(net.requests).toEqual(['GET a?policy=CacheOnly'])
  })

  // covers 4.2.11
  test('do not hold up each other', async () => {
    const quick = await packet(1)
    const fetcher = (async (input: unknown) =>
      String(input).includes('slow')
        ? new Promise<Response>(() => {})
        : seen(quick, 0)) as typeof fetch
    const pkarr = client({ relays: ['http://slow.test', 'http://a.test'], fetch: fetcher })
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(quick.timestamp)
  })
})

describe('publishing', () => {
  // covers 8.6.1
  test('says the greatest number of nodes that somebody told', async () => {
    const stored = (nodes: number) =>
      new Response(null, { status: 204, headers: { 'pkarr-dht-stored-nodes': String(nodes) } })
    const net = relays({ a: stored(7), b: stored(9) })
    expect((await client({ ...net, dht: dhtWith(null).dht }).publish(await packet(0))).stored).toBe(
      9,
    )
  })

  // covers 8.5.14
  test('waits past the first failure', async () => {
    const fetcher = (async (input: unknown) => {
      if (String(input).includes('down')) throw new TypeError('fetch failed')
      await new Promise((resolve) => setTimeout(resolve, 20))
      return new Response(null, { status: 204, headers: { 'pkarr-dht-stored-nodes': '7' } })
    }) as typeof fetch
    const pkarr = client({ relays: ['http://down.test', 'http://a.test'], fetch: fetcher })
    expect((await pkarr.publish(await packet(0))).stored).toBe(7)
  })

  // covers 4.2.6, 8.5.16
  test('hides neither a conflict of relays nor one of the DHT', async () => {
    const good = new Response(null, { status: 204 })
    const viaDht = client({ ...relays({ a: good }), dht: slowDht().dht })
    await expect(viaDht.publish(await packet(0))).rejects.toMatchObject({
      code: 'publish_conflict',
    })
    for (const status of [409, 412, 428]) {
      const net = relays({ a: new Response(null, { status }) })
      const viaRelay = client({ ...net, dht: dhtWith(null).dht })
      await expect(viaRelay.publish(await packet(0))).rejects.toMatchObject({
        code: 'publish_conflict',
      })
    }
  })

  // covers 8.5.12
  test('refuses what is older than what is known here, without asking anybody', async () => {
    const net = relays({ a: await packet(9) })
    const pkarr = client(net)
    await pkarr.resolve(KEY)
    await expect(pkarr.publish(await packet(1))).rejects.toMatchObject({ code: 'publish_conflict' })
    expect(net.requests.length).toBe(1)
  })

  // covers 8.5.26
  test('that fails leaves what was known', async () => {
    const net = relays({ a: await packet(1) })
    const pkarr = client(net)
    await pkarr.resolve(KEY)
    net.answers.a = new Response(null, { status: 500 })
    await expect(pkarr.publish(await packet(9))).rejects.toMatchObject({ code: 'publish_failed' })
    expect((await pkarr.resolve(KEY, OLD_ANSWER))?.timestamp).toBe(NOW + 1_000_000n)
  })
})
