import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILE_PATH } from '@pubky/app-specs'
import { startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalNetwork } from '../network.ts'
import { demoKeypair, seedDemo } from './seed.ts'

let network: TestNetwork
let local: LocalNetwork

async function feed(): Promise<string> {
  const response = await fetch(`${network.homeserver.urls.http}/events/?limit=65535`)
  return response.text()
}

beforeAll(async () => {
  network = await startTestNetwork()
  const dataDir = await mkdtemp(join(tmpdir(), 'demo-'))
  const { relay, homeserverKey, homeserver } = network
  local = { relay, homeserverKey, homeserver: homeserver.urls.http, nexus: '', web: '', dataDir }
})

afterAll(async () => {
  await network?.[Symbol.asyncDispose]()
  if (local) await rm(local.dataDir, { recursive: true, force: true })
})

describe('seeding the demo community', () => {
  it('refuses a network that is not on this machine', async () => {
    const elsewhere = { ...local, relay: 'https://relay.example' }
    await expect(seedDemo(elsewhere)).rejects.toMatchObject({ code: 'not_local' })
    expect(await feed()).toBe('')
  })

  it('goes on after an interruption and writes every object once, signed', async () => {
    const stop = new AbortController()
    const half = seedDemo(local, {
      signal: stop.signal,
      onProgress: (done) => done === 80 && stop.abort(),
    })
    await expect(half).rejects.toThrow()
    const before = (await feed()).split('\n').filter((line) => line.startsWith('PUT '))
    expect(before.length).toBeGreaterThanOrEqual(80)

    let total = 0
    await seedDemo(local, {
      onProgress: (_, all) => {
        total = all
      },
    })
    const events = (await feed()).split('\n').filter((line) => line.startsWith('PUT '))
    expect(events).toHaveLength(total)
    expect(new Set(events).size).toBe(total)
    expect(events.slice(0, before.length)).toEqual(before)

    const uri = `pubky://${demoKeypair('ada').publicKey}${PROFILE_PATH}`
    const profile = await network.client().verifyObject(uri)
    expect(profile).toMatchObject({
      verdict: 'signed',
      signer: demoKeypair('ada', 'client').publicKey,
    })
  })

  it('does nothing at the second start', async () => {
    const before = await feed()
    const marker = await readFile(join(local.dataDir, 'demo.json'), 'utf8')
    await seedDemo(local)
    expect(await feed()).toBe(before)
    expect(await readFile(join(local.dataDir, 'demo.json'), 'utf8')).toBe(marker)
  })
})
