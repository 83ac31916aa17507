import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  packetToRelayPayload,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  userRecords,
} from '@pubky/protocol'
import { expect, it } from 'vitest'
import { killPkdns, launchPkdns } from './testing/pkdns-process.ts'

// covers 4.1.7
it('resolves every acknowledged key again after kill -9, from the relay and from the DHT', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-kill-'))
  const host = randomKeypair().publicKey
  const acknowledged: { key: string; payload: Uint8Array }[] = []
  let running = await launchPkdns({ DATA_DIR: dir })
  try {
    for (let round = 0; round < 2; round++) {
      const writing = Array.from({ length: 30 }, async () => {
        const keypair = randomKeypair()
        const packet = await signPacket(signerFromKeypair(keypair), userRecords(null, host))
        const payload = packetToRelayPayload(packet)
        const body = payload as Uint8Array<ArrayBuffer>
        const { status } = await fetch(`${running.urls.relay}/${keypair.publicKey}`, {
          method: 'PUT',
          body,
        })
        if (status === 204) acknowledged.push({ key: keypair.publicKey, payload })
      })
      // Killed in the middle: some requests are cut off, those answered count.
      await Promise.race(writing)
      await Promise.race([
        Promise.allSettled(writing),
        new Promise((resolve) => setTimeout(resolve, 40)),
      ])
      await killPkdns(running)
      await Promise.allSettled(writing)
      running = await launchPkdns({ DATA_DIR: dir })
    }
    expect(acknowledged.length).toBeGreaterThan(1)
    for (const { key, payload } of acknowledged) {
      for (const policy of ['CacheOnly', 'NetworkOnly']) {
        const response = await fetch(`${running.urls.relay}/${key}?policy=${policy}`)
        expect(response.status).toBe(200)
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(payload)
      }
    }
  } finally {
    await killPkdns(running)
    await rm(dir, { recursive: true, force: true })
  }
})
