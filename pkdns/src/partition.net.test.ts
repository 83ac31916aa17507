import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDhtNode } from '@pubky/dht'
import {
  DNS_TYPES,
  packetToItem,
  packetToRelayPayload,
  randomBytes,
  randomKeypair,
  signerFromKeypair,
  signPacket,
} from '@pubky/protocol'
import { createLogger, Teardown } from '@pubky/server-kit'
import { expect, it } from 'vitest'
import type { JsonAnswer } from './dns/json-form.ts'
import { startPkdns } from './start.ts'

const log = createLogger('test', { level: 'silent' })
const PORTS = { relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 }
const records = [{ name: '@', ttl: 300, data: { type: 'A', address: '192.0.2.1' } }] as const

async function published() {
  const keypair = randomKeypair()
  const packet = await signPacket(signerFromKeypair(keypair), records)
  return { key: keypair.publicKey, packet }
}

// covers 4.3.3, 4.4.12, 4.8.8
it('relay and DNS answer from disk while the DHT is gone, and say so', async () => {
  await using teardown = new Teardown()
  const dir = await mkdtemp(join(tmpdir(), 'pubky-partition-'))
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  let now = BigInt(Date.now()) * 1000n
  const clock = () => now
  const away = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap: [],
    network: 'local',
    clock,
    random: randomBytes,
  })
  const config = { dataDir: dir, nodes: 1, bootstrap: [`127.0.0.1:${away.address.port}`], ...PORTS }
  const { key, packet } = await published()
  await away.put(packetToItem(packet))
  {
    await using first = await startPkdns(config, { log, clock })
    await expect.poll(async () => (await fetch(`${first.urls.relay}/${key}`)).status).toBe(200)
    await expect
      .poll(async () => (await fetch(`${first.urls.relay}/${key}?policy=CacheOnly`)).status)
      .toBe(200)
  }
  await away[Symbol.asyncDispose]()

  await using pkdns = await startPkdns(config, { log, clock })
  const ask = async () => {
    const url = pkdns.urls.doh.replace('/dns-query', '/resolve')
    return (await (await fetch(`${url}?name=${key}&type=${DNS_TYPES.A}`)).json()) as JsonAnswer
  }
  const fresh = await fetch(`${pkdns.urls.relay}/${key}`)
  expect([fresh.status, fresh.headers.get('warning')]).toEqual([200, null])
  now += 3_600_000_000n
  const stale = await fetch(`${pkdns.urls.relay}/${key}`)
  expect([stale.status, stale.headers.get('warning'), stale.headers.get('cache-control')]).toEqual([
    200,
    '110 - "Response is stale"',
    'public, max-age=0',
  ])
  expect(new Uint8Array(await stale.arrayBuffer())).toEqual(packetToRelayPayload(packet))
  const page = await fetch(`${pkdns.urls.relay}/${key}`, { headers: { accept: 'text/html' } })
  expect(await page.text()).toContain('The DHT cannot be reached now.')
  expect(await ask()).toMatchObject({
    Status: 0,
    Answer: [{ TTL: 30, data: '192.0.2.1' }],
    pubky: { stale: true, keys: [{ key, ageSeconds: 3600 }] },
  })
  const unknown = await fetch(`${pkdns.urls.relay}/${randomKeypair().publicKey}`)
  expect(unknown.status).toBe(503)
})
