import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  keypairFromSeed,
  packetToRelayPayload,
  signerFromKeypair,
  signPacket,
} from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { startPkdns } from '../../../pkdns/src/start.ts'

/** PKDNS with one published key, in a process of its own. */
const dir = mkdtempSync(join(tmpdir(), 'pubky-bench-pkdns-'))
const UNLIMITED = { count: 1_000_000, seconds: 1, burst: 5_000_000 }
const keypair = keypairFromSeed(new Uint8Array(32).fill(7))
const pkdns = await startPkdns(
  // The load comes from one address, which nobody would allow this much.
  {
    dataDir: dir,
    relayPort: 0,
    dhtPort: 0,
    dnsPort: 0,
    dohPort: 0,
    nodes: 3,
    requestQuota: UNLIMITED,
    lookupQuota: UNLIMITED,
  },
  { log: createLogger('bench', { level: 'silent' }) },
)
const packet = await signPacket(signerFromKeypair(keypair), [
  { name: '@', ttl: 3600, data: { type: 'A', address: '192.0.2.1' } },
])
const { status } = await fetch(`${pkdns.urls.relay}/${keypair.publicKey}`, {
  method: 'PUT',
  body: packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>,
})
if (status !== 204) throw new Error(`the relay answered ${status}`)
process.send?.({ key: keypair.publicKey, ...pkdns.urls })
process.on('message', () => process.send?.(process.cpuUsage()))
process.once('disconnect', () => {
  rmSync(dir, { recursive: true, force: true })
  process.exit(0)
})
