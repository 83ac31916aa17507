import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nowMicros, randomKeypair, signerFromKeypair } from '@pubky/protocol'
import { createPkarrClient } from '@pubky/sdk/pkarr/client'
import { createLogger } from '@pubky/server-kit'
import { Client, Keypair, Pubky, PublicKey } from '@synonymdev/pubky'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { publishZone } from './publisher/publish-zone.ts'
import { startPkdns } from './start.ts'
import { parseZone } from './zone/parse-zone.ts'

const hosts = [
  '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo',
  'tkrq8zmwb8a3m9k15csu3q17qmfgqnp9dskbrg9uq1rydpyxp7qy',
]
let dir: string
let pkdns: Awaited<ReturnType<typeof startPkdns>>

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-sdk-'))
  const log = createLogger('test', { level: 'silent' })
  pkdns = await startPkdns(
    { dataDir: dir, relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 },
    { log },
  )
})
afterAll(async () => {
  await pkdns.close()
  await rm(dir, { recursive: true, force: true })
})

const official = () =>
  Pubky.withClient(
    new Client({ pkarr: { relays: [`${pkdns.urls.relay}/`], requestTimeout: 60_000 } }),
  )

// covers 4.3.1, 4.8.1, 8.3.1
it('lets the official SDK publish a homeserver, find it anew, and replace it', async () => {
  const keypair = Keypair.random()
  const signer = official().signer(keypair)
  for (const host of hosts) {
    // The SDK takes the object it is given away from its owner.
    await signer.pkdns.publishHomeserverForce(PublicKey.from(host))
    const found = await official().getHomeserverOf(keypair.publicKey)
    expect(found?.z32()).toBe(host)
  }
})

// covers 4.8.1
it('answers by DNS for what the official SDK has published', async () => {
  const keypair = Keypair.random()
  const key = keypair.publicKey.z32()
  await official()
    .signer(keypair)
    .pkdns.publishHomeserverForce(PublicKey.from(hosts[0] ?? ''))
  const url = pkdns.urls.doh.replace('/dns-query', '/resolve')
  const answer = await (await fetch(`${url}?name=_pubky.${key}&type=HTTPS`)).json()
  expect(answer).toMatchObject({ Status: 0, Answer: [{ type: 65, data: `0 ${hosts[0]}.` }] })
})

// covers 4.8.1
it('lets the official SDK find what our publisher has published from a zone file', async () => {
  const keypair = randomKeypair()
  const pkarr = createPkarrClient({ relays: [pkdns.urls.relay] })
  const zone = `@ A 192.0.2.1\n_pubky HTTPS 0 ${hosts[1]}.`
  const records = parseZone(zone, keypair.publicKey)
  await publishZone(pkarr, signerFromKeypair(keypair), records, { now: nowMicros })
  const found = await official().getHomeserverOf(PublicKey.from(keypair.publicKey))
  expect(found?.z32()).toBe(hosts[1])
})

it('tells the official SDK that an unknown key has no homeserver', async () => {
  expect(await official().getHomeserverOf(Keypair.random().publicKey)).toBeUndefined()
})
