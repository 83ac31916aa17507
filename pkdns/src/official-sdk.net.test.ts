import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@pubky/server-kit'
import { Client, Keypair, Pubky, PublicKey } from '@synonymdev/pubky'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPkdns } from './start.ts'

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
    new Client({ pkarr: { relays: [`${pkdns.urls.relay}/`], requestTimeout: 2000 } }),
  )

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

it('tells the official SDK that an unknown key has no homeserver', async () => {
  expect(await official().getHomeserverOf(Keypair.random().publicKey)).toBeUndefined()
})
