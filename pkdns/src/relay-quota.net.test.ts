import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packetToRelayPayload, randomKeypair, signerFromKeypair, signPacket } from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { expect, it } from 'vitest'
import { parseQuota } from './relay/quota-setting.ts'
import { startPkdns } from './start.ts'

// covers 8.8.2, 8.8.4
it('one look-up an hour is one publication; what is kept is given on, and the network is not asked', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pubky-quota-'))
  const ports = { relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 }
  const lookupQuota = parseQuota('1r/h')
  const log = createLogger('test', { level: 'silent' })
  const pkdns = await startPkdns({ dataDir, nodes: 2, lookupQuota, ...ports }, { log })
  const keypair = randomKeypair()
  const url = `${pkdns.urls.relay}/${keypair.publicKey}`
  const payload = packetToRelayPayload(await signPacket(signerFromKeypair(keypair), []))
  const body = payload as Uint8Array<ArrayBuffer>
  expect((await fetch(url, { method: 'PUT', body })).status).toBe(204)
  expect((await fetch(`${url}?policy=CacheOnly`)).status).toBe(200)
  expect((await fetch(url)).status).toBe(200)
  const refused = await fetch(`${url}?policy=NetworkOnly`)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3000)
  expect(await refused.text()).toContain('Too Many DHT Requests!')
  expect(await (await fetch(pkdns.urls.relay)).text()).toContain('1000r/s*5, of the DHT 1r/h')
  await pkdns.close()
  await rm(dataDir, { recursive: true, force: true })
})
