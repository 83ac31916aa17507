import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDhtNode } from '@pubky/dht'
import {
  bep44Signable,
  type Keypair,
  keypairFromSeed,
  type Micros,
  nowMicros,
  packetFromRelayPayload,
  packetToRelayPayload,
  publicKeyBytes,
  randomBytes,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  toMicros,
  userRecords,
} from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PkdnsConfig } from './config.ts'
import { parseQuota } from './relay/quota-setting.ts'
import { startPkdns } from './start.ts'

const host = keypairFromSeed(new Uint8Array(32)).publicKey
let now = nowMicros() as bigint
let dir: string
let pkdns: Awaited<ReturnType<typeof startPkdns>>
const log = createLogger('test', { level: 'silent' })
const clock = () => now

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-relay-'))
  pkdns = await start(dir)
})
afterAll(async () => {
  await pkdns.close()
  await rm(dir, { recursive: true, force: true })
})

const start = (dataDir: string, o: Partial<PkdnsConfig> = {}) =>
  startPkdns(
    { dataDir, relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0, nodes: 4, ...o },
    { clock, log },
  )

async function packetOf(keypair: Keypair, timestamp = now, records = userRecords(null, host)) {
  return signPacket(signerFromKeypair(keypair), records, toMicros(timestamp))
}

async function put(
  keypair: Keypair,
  o: { timestamp?: bigint; ifMatch?: bigint; base?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const packet = await packetOf(keypair, o.timestamp)
  const headers = {
    ...o.headers,
    ...(o.ifMatch === undefined ? {} : { 'if-match': String(o.ifMatch) }),
  }
  return fetch(`${o.base ?? pkdns.urls.relay}/${keypair.publicKey}`, {
    method: 'PUT',
    body: packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>,
    headers,
  })
}

const get = (path: string, headers: Record<string, string> = {}, base = pkdns.urls.relay) =>
  fetch(`${base}/${path}`, { headers })

describe('the PKARR relay', () => {
  // covers 4.1.8, 4.3.1, 4.3.3, 8.8.7
  it('publishes a packet and gives the same bytes back with the documented headers', async () => {
    const keypair = randomKeypair()
    const packet = await packetOf(keypair)
    const stored = await put(keypair)
    expect(stored.status).toBe(204)
    expect(stored.headers.get('pkarr-dht-stored-nodes')).toBe('4')
    const found = await get(keypair.publicKey)
    expect(found.status).toBe(200)
    expect(Object.fromEntries(found.headers)).toMatchObject({
      'content-type': 'application/pkarr.org/relays#payload',
      'x-ratelimit-limit': '5000',
      'content-length': '211',
      'cache-control': 'public, max-age=3600',
      'last-modified': new Date(Number(now / 1000n)).toUTCString(),
      'memento-datetime': new Date(Number(now / 1000n)).toUTCString(),
    })
    expect(new Uint8Array(await found.arrayBuffer())).toEqual(packetToRelayPayload(packet))
  })

  // covers 4.3.1
  it('answers 404 without a body for an unknown key, under every policy', async () => {
    const { publicKey } = randomKeypair()
    for (const query of ['', '?policy=CacheOnly', '?policy=CacheFirst', '?policy=NetworkOnly']) {
      const response = await get(publicKey + query)
      expect([
        response.status,
        response.headers.get('content-length'),
        await response.text(),
      ]).toEqual([404, '0', ''])
    }
  })

  // covers 4.3.1, 8.1.3
  it('refuses what is no key and no policy', async () => {
    for (const path of [
      'abc',
      'c1bkg8tfsyy8wcedtmw4fwhdmm7bbzhgg3z58tf43m5ow8w9mbus',
      host.toUpperCase(),
    ]) {
      expect((await get(path)).status).toBe(400)
      expect(
        (await fetch(`${pkdns.urls.relay}/${path}`, { method: 'PUT', body: 'x' })).status,
      ).toBe(400)
    }
    expect((await get(`${host}?policy=cacheonly`)).status).toBe(400)
    expect((await get(`${host}?most_recent=true`)).status).toBe(404)
  })

  it('reads keys as leniently as the official relay, and a doubled slash', async () => {
    const keypair = randomKeypair()
    await put(keypair)
    expect((await get(`pk:${keypair.publicKey}`)).status).toBe(200)
    expect((await get(`/${keypair.publicKey}`)).status).toBe(200)
    const doubled = await put(keypair, { base: `${pkdns.urls.relay}/` })
    expect(doubled.status).toBe(204)
  })

  // covers 4.8.3, 8.2.4
  it('refuses wrong, short and large bodies, and other methods', async () => {
    const keypair = randomKeypair()
    const url = `${pkdns.urls.relay}/${keypair.publicKey}`
    const send = (size: number) =>
      fetch(url, {
        method: 'PUT',
        body: new Uint8Array(size),
        headers: { 'content-type': 'text/plain' },
      })
    expect([(await send(0)).status, (await send(71)).status, (await send(211)).status]).toEqual([
      400, 400, 400,
    ])
    expect([
      (await send(1073)).status,
      (await send(1104)).status,
      (await send(1105)).status,
    ]).toEqual([400, 400, 413])
    for (const method of ['POST', 'DELETE', 'PATCH']) {
      expect((await fetch(url, { method })).status).toBe(405)
    }
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(404)
  })

  it('accepts a body that says no type, as a plain client sends it', async () => {
    const keypair = randomKeypair()
    const body = packetToRelayPayload(await packetOf(keypair))
    const { hostname, port } = new URL(pkdns.urls.relay)
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        {
          hostname,
          port,
          method: 'PUT',
          path: `/${keypair.publicKey}`,
          headers: { 'content-length': body.length },
        },
        (response) => resolve(response.resume().statusCode),
      )
      sent.on('error', reject).end(body)
    })
    expect(status).toBe(204)
  })

  // covers 4.3.1, 4.8.3
  it('keeps order: 409 for older, 412 for another If-Match, success for equal and for newer', async () => {
    const keypair = randomKeypair()
    const [old, newer] = [now, now + 10n]
    expect((await put(keypair, { timestamp: newer })).status).toBe(204)
    expect((await put(keypair, { timestamp: old })).status).toBe(409)
    expect((await put(keypair, { timestamp: newer })).status).toBe(204)
    expect((await put(keypair, { timestamp: newer + 1n, ifMatch: old })).status).toBe(412)
    expect((await put(keypair, { timestamp: newer + 1n, ifMatch: newer })).status).toBe(204)
    expect((await put(keypair, { timestamp: newer + 1n, ifMatch: newer })).status).toBe(204)
    expect((await put(keypair, { timestamp: newer + 2n })).status).toBe(204)
    const ignored = await put(keypair, { timestamp: newer + 3n, headers: { 'if-match': '"x"' } })
    expect(ignored.status).toBe(204)
  })

  // covers 4.3.1, 8.5.11
  it('judges two packets in flight: joined, refused as older, as a risk, as another swap', async () => {
    const keypair = randomKeypair()
    const base = now + 100n
    const first = put(keypair, { timestamp: base })
    const others = await Promise.all([
      put(keypair, { timestamp: base }),
      put(keypair, { timestamp: base - 1n }),
      put(keypair, { timestamp: base + 1n }),
      put(keypair, { timestamp: base + 1n, ifMatch: base - 5n }),
    ])
    // Which of them is first on the wire is open; what never happens is two winners of one risk.
    const statuses = [await first, ...others].map(({ status }) => status)
    expect(statuses.every((status) => [204, 409, 412, 428].includes(status))).toBe(true)
    expect(statuses).toContain(204)
    const found = await get(keypair.publicKey)
    const packet = await packetFromRelayPayload(
      keypair.publicKey,
      new Uint8Array(await found.arrayBuffer()),
    )
    expect(packet.timestamp).toBeGreaterThanOrEqual(base - 1n)
  })

  // covers 4.3.3, 8.8.3
  it('compares If-Modified-Since in full precision and sends the body when it is newer', async () => {
    const keypair = randomKeypair()
    const second = (now / 1_000_000n) * 1_000_000n
    await put(keypair, { timestamp: second })
    const date = (micros: bigint) => new Date(Number(micros / 1000n)).toUTCString()
    const same = await get(keypair.publicKey, { 'if-modified-since': date(second) })
    expect(same.status).toBe(304)
    expect(same.headers.get('last-modified')).toBe(date(second))
    await put(keypair, { timestamp: second + 1n })
    const newer = await get(keypair.publicKey, { 'if-modified-since': date(second) })
    expect([newer.status, newer.headers.get('content-length')]).toEqual([200, '211'])
    expect((await get(keypair.publicKey, { 'if-modified-since': 'never' })).status).toBe(200)
  })

  // covers 4.1.10
  it('finds in the DHT what another publisher put there, and keeps it', async () => {
    const keypair = randomKeypair()
    const client = await dhtClient()
    const packet = await packetOf(keypair)
    await client.put({
      key: publicKeyBytes(keypair.publicKey),
      seq: packet.timestamp,
      value: packet.dns,
      sig: packet.signature,
    })
    expect((await get(`${keypair.publicKey}?policy=CacheOnly`)).status).toBe(404)
    expect((await get(keypair.publicKey)).status).toBe(200)
    await expect
      .poll(async () => (await get(`${keypair.publicKey}?policy=CacheOnly`)).status)
      .toBe(200)
    await client[Symbol.asyncDispose]()
  })

  // covers 8.8.8
  it('asks the DHT anew when its packet has expired, and under NetworkOnly', async () => {
    const keypair = randomKeypair()
    await put(keypair, { timestamp: now })
    const client = await dhtClient()
    const newer = await packetOf(keypair, now + 1n)
    await client.put({
      key: publicKeyBytes(keypair.publicKey),
      seq: newer.timestamp,
      value: newer.dns,
      sig: newer.signature,
    })
    const timestamp = async (query: string) =>
      (
        await packetFromRelayPayload(
          keypair.publicKey,
          new Uint8Array(await (await get(keypair.publicKey + query)).arrayBuffer()),
        )
      ).timestamp as bigint
    expect(await timestamp('')).toBe(now)
    expect(await timestamp('?policy=NetworkOnly')).toBe(now + 1n)
    expect(await timestamp('')).toBe(now + 1n)
    now += 4000n * 1_000_000n
    expect(await timestamp('?policy=CacheOnly')).toBe(newer.timestamp)
    expect(await timestamp('')).toBe(newer.timestamp)
    await client[Symbol.asyncDispose]()
  })

  // covers 8.3.4
  it('tells the sequence number of an item that is no packet', async () => {
    const keypair = randomKeypair()
    const client = await dhtClient()
    const value = new TextEncoder().encode('no DNS')
    const sig = await signerFromKeypair(keypair).sign(bep44Signable(7n, value))
    await client.put({ key: publicKeyBytes(keypair.publicKey), seq: 7n, value, sig })
    for (const query of ['', '?policy=NetworkOnly']) {
      const response = await get(keypair.publicKey + query)
      expect(response.status).toBe(404)
      expect(response.headers.get('pkarr-invalid-signed-packet-seq')).toBe('7')
    }
    await client[Symbol.asyncDispose]()
  })

  // covers 4.3.2, 8.8.1
  it('lets browsers in, on refusals too', async () => {
    const origin = 'http://localhost:3000'
    const preflight = await fetch(`${pkdns.urls.relay}/${host}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'if-match, if-modified-since, cache-control',
      },
    })
    expect(preflight.status).toBe(200)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'if-match, if-modified-since, cache-control',
    })
    for (const path of ['abc', randomKeypair().publicKey, 'a/b']) {
      const refused = await get(path, { origin })
      expect(refused.ok).toBe(false)
      expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
      expect(refused.headers.get('access-control-expose-headers')).toBe(
        'pkarr-invalid-signed-packet-seq,pkarr-dht-stored-nodes',
      )
    }
  })

  // covers 4.3.2, 8.2.10, 8.8.2, 8.8.6
  it('limits clients with 429, says when to come back, and limits the DHT apart', async () => {
    const limitedDir = await mkdtemp(join(tmpdir(), 'pubky-relay-'))
    const limits = { requestQuota: parseQuota('2r/s*5'), lookupQuota: parseQuota('1r/s*5') }
    const ttls = { minimumTtl: 600, maximumTtl: 300 }
    const limited = await start(limitedDir, { nodes: 1, ...limits, ...ttls })
    const base = limited.urls.relay
    const keypair = randomKeypair()
    expect((await put(keypair, { base })).status).toBe(204)
    const asked: number[] = []
    for (let n = 0; n < 5; n++) {
      asked.push((await get(randomKeypair().publicKey, {}, base)).status)
    }
    expect(asked).toEqual([404, 404, 404, 404, 429])
    const kept = await get(`${keypair.publicKey}?policy=CacheOnly`, {}, base)
    // Of bounds in the wrong order the lower one counts.
    expect([kept.status, kept.headers.get('cache-control')]).toEqual([200, 'public, max-age=600'])
    for (let n = 0; n < 3; n++) await get(keypair.publicKey, {}, base)
    const refused = await get(keypair.publicKey, { origin: 'http://a.example' }, base)
    expect(refused.status).toBe(429)
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-after': '1',
      'retry-after': '1',
      'access-control-allow-origin': 'http://a.example',
    })
    expect(await refused.text()).toContain('Wait for 1s')
    now += 1_000_000n
    expect((await get(keypair.publicKey, {}, base)).status).toBe(200)
    await limited.close()
    await rm(limitedDir, { recursive: true, force: true })
  })

  it('carries timestamps far in the future', async () => {
    const keypair = randomKeypair()
    const far: Micros = toMicros(2n ** 63n - 1n)
    expect((await put(keypair, { timestamp: far })).status).toBe(204)
    const found = await get(keypair.publicKey)
    expect(found.headers.get('last-modified')).toBe('Fri, 31 Dec 9999 23:59:59 GMT')
    const packet = await packetFromRelayPayload(
      keypair.publicKey,
      new Uint8Array(await found.arrayBuffer()),
    )
    expect(packet.timestamp).toBe(far)
  })

  it('says which port is taken, and leaves nothing running', async () => {
    const other = await mkdtemp(join(tmpdir(), 'pubky-relay-'))
    const dhtPort = Number(pkdns.urls.dht.split(':')[1])
    await expect(start(other, { dhtPort })).rejects.toThrow(`Port ${dhtPort}/udp for the DHT`)
    const relayPort = Number(new URL(pkdns.urls.relay).port)
    await expect(start(other, { relayPort })).rejects.toMatchObject({ code: 'port_in_use' })
    await rm(other, { recursive: true, force: true })
  })

  // covers 4.3.4
  it('shows its state to people and to machines', async () => {
    const page = await get('')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain('PKARR relay')
    expect((await get('health')).status).toBe(200)
    expect((await get('ready')).status).toBe(200)
  })
})

async function dhtClient() {
  const client = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap: [pkdns.urls.dht],
    network: 'local',
    readOnly: true,
    clock,
    random: randomBytes,
  })
  await client.ready
  return client
}
