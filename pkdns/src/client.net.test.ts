import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DhtNode, startDhtNode } from '@pubky/dht'
import {
  bep44Signable,
  type Keypair,
  type Micros,
  nowMicros,
  publicKeyBytes,
  type ResourceRecord,
  randomBytes,
  randomKeypair,
  resolveEndpoints,
  signerFromKeypair,
  signPacket,
  toMicros,
} from '@pubky/protocol'
import { createPkarrClient, type PkarrClientOptions } from '@pubky/sdk/pkarr/client'
import { createLogger } from '@pubky/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPkdns } from './start.ts'

/** The checklist of clients in spec/discovery.md 8, over every way to the network. */
let dir: string
let pkdns: Awaited<ReturnType<typeof startPkdns>>
let second: typeof pkdns
let dht: DhtNode

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-client-'))
  const log = createLogger('test', { level: 'silent' })
  const ports = { relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 }
  pkdns = await startPkdns({ dataDir: join(dir, 'a'), nodes: 4, ...ports }, { log })
  const bootstrap = [pkdns.urls.dht]
  second = await startPkdns({ dataDir: join(dir, 'b'), nodes: 2, bootstrap, ...ports }, { log })
  dht = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap,
    network: 'local',
    clock: nowMicros,
    random: randomBytes,
    readOnly: true,
  })
  await dht.ready
})
afterAll(async () => {
  await dht[Symbol.asyncDispose]()
  await second.close()
  await pkdns.close()
  await rm(dir, { recursive: true, force: true })
})

const text = (address: string): ResourceRecord => ({
  name: '@',
  ttl: 300,
  data: { type: 'A', address },
})
const packet = (keypair: Keypair, address: string, timestamp: Micros = nowMicros()) =>
  signPacket(signerFromKeypair(keypair), [text(address)], timestamp)

const WAYS: Record<string, () => PkarrClientOptions> = {
  'the DHT': () => ({ dht }),
  'a relay': () => ({ relays: [pkdns.urls.relay] }),
  'two relays': () => ({ relays: [pkdns.urls.relay, second.urls.relay] }),
  'relays and the DHT': () => ({ relays: [pkdns.urls.relay, second.urls.relay], dht }),
}

describe.each(Object.keys(WAYS))('a client of %s', (way) => {
  const client = (o: PkarrClientOptions = {}) => createPkarrClient({ ...WAYS[way]?.(), ...o })

  // covers 4.1.8, 4.2.3, 8.5.1, 8.13.6
  it('finds what another one has published, and knows how many nodes hold it', async () => {
    const keypair = randomKeypair()
    const sent = await packet(keypair, '192.0.2.1')
    expect((await client().publish(sent)).stored).toBeGreaterThanOrEqual(4)
    for (const policy of ['cache-first', 'network-only'] as const)
      expect((await client().resolve(keypair.publicKey, { policy }))?.dns).toEqual(sent.dns)
  })

  // covers 8.5.7
  it('finds nothing where nothing is', async () => {
    for (const policy of ['cache-first', 'network-only'] as const)
      expect(await client().resolve(randomKeypair().publicKey, { policy })).toBeNull()
  })

  // covers 8.5.9, 8.5.22
  it('may publish the same packet again, also at the same time and from elsewhere', async () => {
    const keypair = randomKeypair()
    const sent = await packet(keypair, '192.0.2.1')
    await client().publish(sent)
    await client().publish(sent)
    const again = await Promise.all([client().publish(sent), client().publish(sent)])
    expect(again.every(({ stored }) => stored > 0)).toBe(true)
    const found = await client().resolve(keypair.publicKey)
    if (!found) throw new Error('not found')
    expect((await client().publish(found)).stored).toBeGreaterThan(0)
  })

  // covers 8.5.12
  it('is refused a packet that is older than the one there is', async () => {
    const keypair = randomKeypair()
    await client().publish(await packet(keypair, '192.0.2.2'))
    const old = await packet(keypair, '192.0.2.1', toMicros(nowMicros() - 60_000_000n))
    await expect(client().publish(old)).rejects.toMatchObject({ code: 'publish_conflict' })
    const found = await client().resolve(keypair.publicKey, { policy: 'network-only' })
    expect(found?.records[0]?.data).toMatchObject({ address: '192.0.2.2' })
  })

  // covers 8.5.13
  it('compares before it swaps', async () => {
    const keypair = randomKeypair()
    const first = await packet(keypair, '192.0.2.1')
    await client().publish(first)
    const next = await packet(keypair, '192.0.2.2')
    await expect(
      client().publish(next, { cas: toMicros(first.timestamp - 1n) }),
    ).rejects.toMatchObject({ code: 'publish_conflict' })
    expect((await client().publish(next, { cas: first.timestamp })).stored).toBeGreaterThan(0)
  })

  it('finds the newest when somebody has published meanwhile', async () => {
    const keypair = randomKeypair()
    const reader = client()
    await client().publish(await packet(keypair, '192.0.2.1'))
    await reader.resolve(keypair.publicKey)
    await client().publish(await packet(keypair, '192.0.2.2'))
    const newest = await reader.resolve(keypair.publicKey, { policy: 'network-only' })
    expect(newest?.records[0]?.data).toMatchObject({ address: '192.0.2.2' })
    const kept = await reader.resolve(keypair.publicKey, { policy: 'cache-only' })
    expect(kept?.timestamp).toBe(newest?.timestamp)
  })

  // covers 8.5.6
  it('asks every time when it may keep nothing', async () => {
    const keypair = randomKeypair()
    const reader = client({ cacheSize: 0 })
    await client().publish(await packet(keypair, '192.0.2.1'))
    await reader.resolve(keypair.publicKey)
    await client().publish(await packet(keypair, '192.0.2.2'))
    const found = await reader.resolve(keypair.publicKey, { policy: 'network-only' })
    expect(found?.records[0]?.data).toMatchObject({ address: '192.0.2.2' })
  })

  // covers 8.3.3
  it('is told that the newest record is none', async () => {
    const keypair = randomKeypair()
    await client().publish(await packet(keypair, '192.0.2.1'))
    const value = Buffer.from('no DNS message')
    const seq = nowMicros()
    const sig = await signerFromKeypair(keypair).sign(bep44Signable(seq, value))
    await dht.put({ key: publicKeyBytes(keypair.publicKey), seq, value, sig })
    await expect(
      client().resolve(keypair.publicKey, { policy: 'network-only' }),
    ).rejects.toMatchObject({ code: 'invalid_record' })
  })

  // covers 4.2.8, 8.7.2, 8.7.7
  it('follows a chain of keys to an endpoint', async () => {
    const [user, home] = [randomKeypair(), randomKeypair()]
    const https = (priority: number, target: string, params = new Map<number, Uint8Array>()) =>
      ({ name: '@', ttl: 60, data: { type: 'HTTPS', priority, target, params } }) as const
    const signer = signerFromKeypair
    await client().publish(await signPacket(signer(user), [https(0, home.publicKey)]))
    const port = new Map([[3, Uint8Array.of(0x1f, 0x90)]])
    const v6 = { name: '@', ttl: 60, data: { type: 'AAAA', address: '2001:db8::8' } } as const
    const records = [https(1, '.', port), text('192.0.2.8'), v6]
    await client().publish(await signPacket(signer(home), records))
    const reader = client()
    const found = []
    for await (const endpoint of resolveEndpoints(user.publicKey, (key) => reader.resolve(key)))
      found.push([endpoint.target, endpoint.port, endpoint.addresses])
    expect(found).toEqual([['.', 8080, ['192.0.2.8', '2001:db8::8']]])
  })
})
