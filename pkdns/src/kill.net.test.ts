import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
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

const bin = new URL('./bin/pkdns.ts', import.meta.url).pathname

interface Started {
  child: ChildProcess
  relay: string
}

async function launch(dataDir: string): Promise<Started> {
  const child = spawn(process.execPath, ['--import', 'tsx', bin], {
    env: {
      ...process.env,
      DATA_DIR: dataDir,
      RELAY_PORT: '0',
      DHT_PORT: '0',
      DNS_PORT: '0',
      DOH_PORT: '0',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [message] = (await once(child, 'message')) as [{ ready?: { relay: string } }]
  if (!message.ready) throw new Error('pkdns did not start')
  return { child, relay: message.ready.relay }
}

async function kill({ child }: Started): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

// covers 4.1.7
it('resolves every acknowledged key again after kill -9, from the relay and from the DHT', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-kill-'))
  const host = randomKeypair().publicKey
  const acknowledged: { key: string; payload: Uint8Array }[] = []
  let running = await launch(dir)
  try {
    for (let round = 0; round < 2; round++) {
      const writing = Array.from({ length: 30 }, async () => {
        const keypair = randomKeypair()
        const packet = await signPacket(signerFromKeypair(keypair), userRecords(null, host))
        const payload = packetToRelayPayload(packet)
        const body = payload as Uint8Array<ArrayBuffer>
        const { status } = await fetch(`${running.relay}/${keypair.publicKey}`, {
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
      await kill(running)
      await Promise.allSettled(writing)
      running = await launch(dir)
    }
    expect(acknowledged.length).toBeGreaterThan(1)
    for (const { key, payload } of acknowledged) {
      for (const policy of ['CacheOnly', 'NetworkOnly']) {
        const response = await fetch(`${running.relay}/${key}?policy=${policy}`)
        expect(response.status).toBe(200)
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(payload)
      }
    }
  } finally {
    await kill(running)
    await rm(dir, { recursive: true, force: true })
  }
})
