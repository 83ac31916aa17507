import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  encodeZ32,
  type Micros,
  nowMicros,
  type PublicKeyZ32,
  randomKeypair,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  userRecords,
} from '@pubky/protocol'
import { answerOf } from '../../../pkdns/src/dns/answer.ts'
import { createKeptAnswers } from '../../../pkdns/src/dns/kept-answers.ts'
import { openPacketStore } from '../../../pkdns/src/relay/packet-store.ts'

const TOGETHER = 2000
const MEBI = 2 ** 20

interface Order {
  packets: number
  cacheBytes: number
}

/** What is freed on other threads needs a moment. */
async function usedMiB(): Promise<number> {
  for (const _ of [1, 2]) {
    globalThis.gc?.()
    await sleep(200)
  }
  // `external` holds the array buffers, too.
  const { heapUsed, external } = process.memoryUsage()
  return Math.round((heapUsed + external) / MEBI)
}

/** Packets that differ in their keys only: the stores do not verify, and a million signatures take time. */
async function run({ packets, cacheBytes }: Order) {
  const dir = mkdtempSync(join(tmpdir(), 'pubky-bench-memory-'))
  const store = await openPacketStore({
    file: join(dir, 'packets.log'),
    maxBytes: cacheBytes,
    maxPackets: packets,
    clock: nowMicros,
    warn: () => {},
  })
  const answers = createKeptAnswers(cacheBytes)
  const keypair = randomKeypair()
  const sample = await signPacket(
    signerFromKeypair(keypair),
    userRecords(null, keypair.publicKey),
    1n as Micros,
  )
  const before = await usedMiB()
  for (let from = 0; from < packets; from += TOGETHER) {
    await Promise.all(
      Array.from({ length: TOGETHER }, async (_, at) => {
        const bytes = Buffer.alloc(32)
        bytes.writeUInt32BE(from + at)
        const publicKey = encodeZ32(bytes) as PublicKeyZ32
        const packet: SignedPacket = { ...sample, publicKey, dns: Uint8Array.from(sample.dns) }
        await store.keep(packet, 1n)
        const question = { name: publicKey, type: 65, class: 1 }
        const meta = {
          bornMs: 0,
          expiresMs: 1,
          source: 'key',
          origins: [],
          extended: null,
          isStale: false,
        } as const
        const answer = answerOf({ questions: [question], answers: [...packet.records] }, meta)
        answers.set(publicKey, answer, [publicKey])
      }),
    )
  }
  const { inMemory, memoryBytes, onDisk } = store.stats()
  const after = await usedMiB()
  const kept = answers.stats()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
  return {
    packets,
    configuredMiB: Math.round((2 * cacheBytes) / MEBI),
    packetsInMemory: inMemory,
    packetsInMemoryMiB: Math.round(memoryBytes / MEBI),
    packetsOnDisk: onDisk,
    answersInMemory: kept.entries,
    answersInMemoryMiB: Math.round(kept.bytes / MEBI),
    grownMiB: after - before,
  }
}

process.once('message', (order: Order) => {
  run(order).then((figures) => process.send?.(figures))
})
