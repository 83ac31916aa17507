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
import { createPkarrClient } from '@pubky/sdk/pkarr/client'
import { expect, it } from 'vitest'
import { openPacketFile } from './packet-file.ts'

// covers 4.2.2
it('a packet that was resolved is there again at the next start, without asking anybody', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-packets-'))
  const keypair = randomKeypair()
  const { publicKey } = keypair
  const packet = await signPacket(signerFromKeypair(keypair), userRecords(null, publicKey))
  let asked = 0
  const relay = (async () => {
    asked += 1
    return new Response(packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>)
  }) as typeof fetch
  const relays = ['http://relay.test']
  const open = () => openPacketFile({ file: join(dir, 'packets.log'), maxPackets: 10 })
  try {
    for (const _ of [1, 2]) {
      await using storage = await open()
      const pkarr = createPkarrClient({ relays, fetch: relay, storage })
      expect((await pkarr.resolve(publicKey))?.signature).toEqual(packet.signature)
      await expect.poll(() => storage.get(publicKey)).not.toBeNull()
    }
    expect(asked).toBe(1)
    await using storage = await open()
    expect(await storage.get(randomKeypair().publicKey)).toBeNull()
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
