import {
  homeserverOf,
  keypairFromSeed,
  type Micros,
  packetFromRelayPayload,
  packetToRelayPayload,
  type ResourceRecord,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  toMicros,
  userRecords,
  utf8,
} from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { publishHomeserver, publishIfStale } from './publish.ts'
import type { StoredPacket } from './storage.ts'
import { client, dhtWith, HOST, KEY, NOW, packet, relays, USER } from './testing.ts'

const OTHER_HOST = keypairFromSeed(new Uint8Array(32).fill(4)).publicKey

describe('looking up a key', () => {
  // covers 4.2.11
  test('the first relay with a packet wins, and its packet is kept while fresh', async () => {
    const net = relays({ a: 'down', b: null, c: await packet(0) })
    const clock = { now: NOW }
    const pkarr = client(net, clock)
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW)
    await pkarr.resolve(KEY)
    expect(net.requests.length).toBe(3)
    clock.now += 3601n * 1_000_000n
    await pkarr.resolve(KEY)
    expect(net.requests.length).toBe(6)
  })

  // covers 8.5.10
  test('look-ups at the same time share one question, and one that is cancelled ends alone', async () => {
    const net = relays({ a: await packet(0) })
    const pkarr = client(net)
    const cancelled = new AbortController()
    const [one, two, three] = [
      pkarr.resolve(KEY),
      pkarr.resolve(KEY),
      pkarr.resolve(KEY, { signal: cancelled.signal }),
    ]
    cancelled.abort(new Error('no more'))
    await expect(three).rejects.toThrow('no more')
    expect((await one)?.timestamp).toBe((await two)?.timestamp)
    expect(net.requests.length).toBe(1)
  })

  // covers 4.2.4, 8.5.18
  test('the network-only policy waits for all and takes the newest', async () => {
    const net = relays({ a: await packet(0), b: await packet(9), c: await packet(5) })
    const found = await client(net).resolve(KEY, { policy: 'network-only' })
    expect(found?.timestamp).toBe(NOW + 9_000_000n)
    expect(net.requests).toContain('GET a?policy=NetworkOnly')
  })

  // covers 4.2.3
  test('the DHT is asked beside the relays', async () => {
    const net = relays({ a: await packet(0) })
    const { dht } = dhtWith(await packet(7))
    const pkarr = client({ ...net, dht })
    const found = await pkarr.resolve(KEY, { policy: 'network-only' })
    expect(found?.timestamp).toBe(NOW + 7_000_000n)
    expect((await client({ dht }).resolve(KEY))?.timestamp).toBe(NOW + 7_000_000n)
  })

  // covers 8.4.12, 8.5.3, 8.5.4
  test('an answer older than what was known counts as none', async () => {
    const net = relays({ a: await packet(5) })
    const clock = { now: NOW }
    const pkarr = client(net, clock)
    await pkarr.resolve(KEY)
    clock.now += 7200n * 1_000_000n
    net.answers.a = await packet(1)
    expect(await pkarr.resolve(KEY)).toBeNull()
    net.answers.a = 'down'
    expect((await pkarr.resolve(KEY))?.timestamp).toBe(NOW + 5_000_000n)
  })

  // covers 4.2.5, 8.4.11
  test('an answer that a relay saw too long ago counts as none, whatever our clock says', async () => {
    const payload = packetToRelayPayload(await packet(0)) as Uint8Array<ArrayBuffer>
    const seen = (hoursAgo: number) =>
      new Response(payload, {
        headers: {
          date: new Date(1_700_000_000_000).toUTCString(),
          'memento-datetime': new Date(1_700_000_000_000 - hoursAgo * 3_600_000).toUTCString(),
        },
      })
    for (const skew of [0n, 7_200_000_000n, -7_200_000_000n]) {
      const clock = { now: NOW + skew }
      expect(await client(relays({ a: seen(2) }), clock).resolve(KEY)).toBeNull()
      expect(await client(relays({ a: seen(0.5) }), clock).resolve(KEY)).not.toBeNull()
    }
  })

  // covers 11.4.5a, 8.4.3, 8.5.8
  test('nobody knows is null, nobody could be asked is an error', async () => {
    expect(await client(relays({ a: null, b: 'down' })).resolve(KEY)).toBeNull()
    const down = client(relays({ a: 'down', b: 'down' }))
    await expect(down.resolve(KEY)).rejects.toMatchObject({ code: 'unresolvable' })
    await expect(client({}).resolve(KEY)).rejects.toMatchObject({ code: 'unresolvable' })
  })

  // covers 4.8.3, 8.4.9, 8.4.10
  test('a packet that does not verify is never used', async () => {
    const forged = packetToRelayPayload(await packet(0))
    forged[100] = (forged[100] ?? 0) ^ 1
    const long = new Response('x'.repeat(2000))
    for (const bad of [new Response(forged as Uint8Array<ArrayBuffer>), long]) {
      const pkarr = client(relays({ a: bad }))
      await expect(pkarr.resolve(KEY)).rejects.toMatchObject({ code: 'unresolvable' })
    }
  })

  // covers 8.4.4
  test('a newer record that is not valid is told, not hidden', async () => {
    const { dht } = dhtWith(await packet(0), NOW + 1n)
    const pkarr = client({ dht })
    await expect(pkarr.resolve(KEY, { policy: 'network-only' })).rejects.toMatchObject({
      code: 'invalid_record',
    })
    const gone = new Response(null, {
      status: 404,
      headers: { 'pkarr-invalid-signed-packet-seq': '7' },
    })
    await expect(
      client(relays({ a: gone })).resolve(KEY, { policy: 'network-only' }),
    ).rejects.toMatchObject({ code: 'invalid_record' })
  })

  // covers 4.2.2
  test('a storage gives packets to the next start, and its lies are verified', async () => {
    const kept = new Map<string, StoredPacket>()
    const storage = {
      get: async (key: string) => kept.get(key) ?? null,
      put: async (key: string, stored: StoredPacket) => {
        kept.set(key, stored)
      },
    }
    await client({ ...relays({ a: await packet(0) }), storage }).resolve(KEY)
    const net = relays({ a: null })
    expect(await client({ ...net, storage }).resolve(KEY)).not.toBeNull()
    expect(net.requests).toEqual([])
    const bytes = kept.get(KEY)?.bytes ?? new Uint8Array()
    kept.set(KEY, { bytes: bytes.with(120, (bytes[120] ?? 0) ^ 1), lastSeenMs: 0 })
    expect(await client({ ...net, storage }).resolve(KEY)).toBeNull()
  })

  // covers 8.5.21
  test('the cache holds no more than it should', async () => {
    const net = relays({ a: await packet(0) })
    const pkarr = client({ ...net, cacheSize: 0 })
    await pkarr.resolve(KEY)
    await pkarr.resolve(KEY)
    expect(net.requests.length).toBe(2)
  })
})

/** A relay that keeps the rules of spec/discovery.md 2.2. */
function keepingRelay(first: SignedPacket | null) {
  const state = {
    payload: first && packetToRelayPayload(first),
    puts: 0,
    sneakIn: null as SignedPacket | null,
  }
  const fetcher = async (_: unknown, init: RequestInit = {}): Promise<Response> => {
    const known = state.payload && (await packetFromRelayPayload(KEY, state.payload))
    if (init.method !== 'PUT') {
      if (!state.payload) return new Response(null, { status: 404 })
      const answer = new Response(state.payload as Uint8Array<ArrayBuffer>)
      if (state.sneakIn) state.payload = packetToRelayPayload(state.sneakIn)
      state.sneakIn = null
      return answer
    }
    state.puts += 1
    const cas = new Headers(init.headers).get('if-match')
    if (known && cas !== null && cas !== String(known.timestamp))
      return new Response(null, { status: 412 })
    state.payload = new Uint8Array(await new Response(init.body).arrayBuffer())
    return new Response(null, { status: 204, headers: { 'pkarr-dht-stored-nodes': '9' } })
  }
  return { state, fetch: fetcher as typeof fetch, relays: ['http://relay.test'] }
}

describe('publishing', () => {
  // covers 8.4.1
  test('says how many nodes hold the packet and remembers it', async () => {
    const relay = keepingRelay(null)
    const { dht, puts } = dhtWith(null)
    const pkarr = client({ ...relay, dht })
    const first = await packet(0)
    expect(await pkarr.publish(first)).toEqual({ stored: 9 })
    expect(puts).toEqual([{}])
    expect(await pkarr.resolve(KEY)).toBe(first)
    const older = await packet(-5)
    await expect(pkarr.publish(older)).rejects.toMatchObject({ code: 'publish_conflict' })
  })

  // covers 4.2.6, 8.5.15, 8.6.2
  test('a conflict wins over silence, and over as many successes', async () => {
    const ok = new Response(null, { status: 204 })
    const conflict = new Response(null, { status: 409 })
    const one = await packet(0)
    await expect(client(relays({ a: conflict, b: 'down' })).publish(one)).rejects.toMatchObject({
      code: 'publish_conflict',
    })
    await expect(client(relays({ a: conflict, b: ok })).publish(one)).rejects.toMatchObject({
      code: 'publish_conflict',
    })
    expect(await client(relays({ a: ok, b: 'down' })).publish(one)).toEqual({ stored: 1 })
    await expect(client(relays({ a: 'down' })).publish(one)).rejects.toMatchObject({
      code: 'publish_failed',
      isOutage: true,
    })
  })

  // covers 8.13.4
  test('a new homeserver keeps the other records and comes after a record from the future', async () => {
    const extra: ResourceRecord = {
      name: 'blog',
      ttl: 60,
      data: { type: 'TXT', strings: [utf8('hi')] },
    }
    const future = toMicros(NOW + 60_000_000n)
    const records = [extra, ...userRecords(null, HOST)]
    const relay = keepingRelay(await signPacket(signerFromKeypair(USER), records, future))
    const pkarr = client(relay)
    const now = (): Micros => toMicros(NOW)
    await publishHomeserver(pkarr, signerFromKeypair(USER), OTHER_HOST, { now })
    const found = await pkarr.resolve(KEY, { policy: 'network-only' })
    expect(found?.timestamp).toBe(NOW + 60_000_001n)
    expect(found?.records.map(({ name }) => name.split('.')[0])).toEqual(['blog', '_pubky'])
    expect(found?.records[1]?.data).toMatchObject({ target: OTHER_HOST })
  })

  // covers 4.2.6
  test('a record that changed in between is read again', async () => {
    const relay = keepingRelay(await packet(0))
    relay.state.sneakIn = await packet(3)
    await publishHomeserver(client(relay), signerFromKeypair(USER), OTHER_HOST, {
      now: () => toMicros(NOW),
    })
    expect(relay.state.puts).toBe(2)
  })
})

describe('relays that fail', () => {
  // covers 4.2.12
  test('are left out after three failures, and asked again when they have rested', async () => {
    const net = relays({ a: 'down', b: await packet(0) })
    const clock = { now: NOW }
    const pkarr = client({ ...net, cacheSize: 0 }, clock)
    const askedOf = async (name: string) => {
      const before = net.requests.length
      await pkarr.resolve(KEY, { policy: 'network-only' })
      return net.requests.slice(before).some((request) => request.startsWith(`GET ${name}?`))
    }
    for (const _ of [1, 2, 3]) expect(await askedOf('a')).toBe(true)
    expect(await askedOf('a')).toBe(false)
    expect(await askedOf('b')).toBe(true)
    clock.now += 5_000_000n
    net.answers.a = await packet(0)
    expect(await askedOf('a')).toBe(true)
    expect(await askedOf('a')).toBe(true)
  })

  // covers 4.2.12
  test('are asked while they rest when all others fail, for looking up and for publishing', async () => {
    const whereOneRests = async () => {
      const net = relays({ a: 'down', b: await packet(0) })
      const pkarr = client({ ...net, cacheSize: 0 })
      for (const _ of [1, 2, 3]) await pkarr.resolve(KEY, { policy: 'network-only' })
      net.answers.b = 'down'
      return { net, pkarr }
    }
    for (const policy of ['network-only', 'cache-first'] as const) {
      const { net, pkarr } = await whereOneRests()
      net.answers.a = await packet(7)
      expect((await pkarr.resolve(KEY, { policy }))?.timestamp).toBe(NOW + 7_000_000n)
    }
    const { net, pkarr } = await whereOneRests()
    net.answers.a = new Response(null, { status: 204 })
    expect(await pkarr.publish(await packet(9))).toEqual({ stored: 1 })
  })

  // covers 4.2.12
  test('are all asked when there is no other', async () => {
    const net = relays({ a: 'down', b: 'down' })
    const pkarr = client({ ...net, cacheSize: 0 })
    for (const _ of [1, 2, 3, 4, 5])
      await expect(pkarr.resolve(KEY, { policy: 'network-only' })).rejects.toThrow()
    expect(net.requests.length).toBe(10)
  })

  // covers 4.2.12
  test('are told from those that refuse', async () => {
    const net = relays({ a: new Response(null, { status: 400 }), b: null })
    const pkarr = client({ ...net, cacheSize: 0 })
    for (const _ of [1, 2, 3, 4, 5]) await pkarr.resolve(KEY, { policy: 'network-only' })
    expect(net.requests.length).toBe(10)
  })
})

// covers 4.2.1
test('the cache holds no more bytes than it should', async () => {
  const net = relays({ a: await packet(0) })
  const asked = async (cacheBytes: number) => {
    const before = net.requests.length
    const pkarr = client({ ...net, cacheBytes })
    await pkarr.resolve(KEY)
    await pkarr.resolve(KEY)
    return net.requests.length - before
  }
  expect(await asked(500)).toBe(2)
  expect(await asked(5000)).toBe(1)
})

// covers 11.1.22, 4.2.7, 8.13.3
test('a record is published anew at sign-in when it is an hour old, or missing', async () => {
  const clock = { now: NOW }
  const now = () => toMicros(clock.now)
  const relay = keepingRelay(await packet(0))
  const pkarr = client(relay, clock)
  const signer = signerFromKeypair(USER)
  expect(await publishIfStale(pkarr, signer, HOST, { now })).toBe(false)
  clock.now += 3_601_000_000n
  expect(await publishIfStale(pkarr, signer, HOST, { now })).toBe(true)
  expect(relay.state.puts).toBe(1)
  const anew = relay.state.payload && (await packetFromRelayPayload(KEY, relay.state.payload))
  expect([anew?.timestamp, anew && homeserverOf(anew)]).toEqual([clock.now, HOST])
  const none = keepingRelay(null)
  expect(await publishIfStale(client(none, clock), signer, HOST, { now })).toBe(true)
})

test('a stale record that was kept does not lead back from where the account has moved', async () => {
  const clock = { now: NOW }
  const now = () => toMicros(clock.now)
  const relay = keepingRelay(await packet(0))
  const pkarr = client(relay, clock)
  await pkarr.resolve(KEY)
  // Another device moved the account, and that was long ago as well.
  relay.state.payload = packetToRelayPayload(await packet(1, OTHER_HOST))
  clock.now += 3_700_000_000n
  expect(await publishIfStale(pkarr, signerFromKeypair(USER), HOST, { now })).toBe(false)
  expect(relay.state.puts).toBe(0)
})
