import {
  homeserverRecords,
  packetFromItem,
  packetToItem,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  userRecords,
} from '@pubky/protocol'
import type { Figures } from '../result.ts'

const KEYS = 500
const ROUNDS = 8

/** Verifying and decoding of received packets, users' and homeservers', on one core. */
export async function packetSpeed(): Promise<Figures> {
  const items = await Promise.all(
    Array.from({ length: KEYS }, async (_, at) => {
      const keypair = randomKeypair()
      const { publicKey } = keypair
      const records =
        at % 2 === 0
          ? userRecords(null, publicKey)
          : homeserverRecords(publicKey, {
              publicIp: '192.0.2.1',
              icannDomain: 'localhost',
              httpPort: 6286,
            })
      return packetToItem(await signPacket(signerFromKeypair(keypair), records))
    }),
  )
  for (const item of items) await packetFromItem(item)
  const startedMs = performance.now()
  const before = process.cpuUsage()
  for (let round = 0; round < ROUNDS; round++) for (const item of items) await packetFromItem(item)
  const seconds = (performance.now() - startedMs) / 1000
  const { user, system } = process.cpuUsage(before)
  const count = KEYS * ROUNDS
  return {
    verifiedAndDecodedPerSecond: Math.round(count / seconds),
    perProcessorSecond: Math.round(count / ((user + system) / 1e6)),
    goal: 8000,
  }
}
