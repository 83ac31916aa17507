import { type DhtNode, startDhtNode } from '@pubky/dht'
import {
  nowMicros,
  packetToItem,
  publicKeyBytes,
  randomBytes,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  userRecords,
} from '@pubky/protocol'
import { type Figures, percentile } from '../result.ts'

const NODES = 10
const DEAD = 3
const KEYS = 200
const NEWCOMERS = 20

async function node(bootstrap: string[], readOnly = false): Promise<DhtNode> {
  const started = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap,
    network: 'local',
    clock: nowMicros,
    random: randomBytes,
    readOnly,
  })
  await started.ready
  return started
}

const round = (value: number) => Math.round(value * 100) / 100

/** Looking keys up through ten live nodes, then with three of them dead. */
export async function resolveThroughDht(): Promise<Figures> {
  const first = await node([])
  const at = `127.0.0.1:${first.address.port}`
  const nodes = [first]
  for (let n = 1; n < NODES; n++) nodes.push(await node([at]))
  const keys = await Promise.all(
    Array.from({ length: KEYS }, async () => {
      const keypair = randomKeypair()
      const records = userRecords(null, keypair.publicKey)
      const packet = await signPacket(signerFromKeypair(keypair), records)
      await first.put(packetToItem(packet))
      return publicKeyBytes(keypair.publicKey)
    }),
  )
  const time = async (reader: DhtNode): Promise<Figures> => {
    const [firsts, all]: [number[], number[]] = [[], []]
    for (const key of keys) {
      const sinceMs = performance.now()
      const lookup = reader.get(key)
      if (!(await lookup.first())) throw new Error('a key does not resolve')
      firsts.push(performance.now() - sinceMs)
      await lookup.newest()
      all.push(performance.now() - sinceMs)
    }
    return {
      firstP50Ms: round(percentile(firsts, 0.5)),
      firstP99Ms: round(percentile(firsts, 0.99)),
      newestP50Ms: round(percentile(all, 0.5)),
      newestP99Ms: round(percentile(all, 0.99)),
    }
  }
  try {
    const reader = await node([at], true)
    const live = await time(reader)
    // Killed without a word, as a machine that loses its power.
    const dead = nodes.splice(NODES - DEAD, DEAD)
    await Promise.all(dead.map((gone) => gone[Symbol.asyncDispose]()))
    const withDead = await time(reader)
    const newcomers: number[] = []
    for (let n = 0; n < NEWCOMERS; n++) {
      const newcomer = await node([at], true)
      const sinceMs = performance.now()
      if (!(await newcomer.get(keys[n] ?? keys[0] ?? new Uint8Array(32)).first()))
        throw new Error('a key does not resolve')
      newcomers.push(performance.now() - sinceMs)
      await newcomer[Symbol.asyncDispose]()
    }
    await reader[Symbol.asyncDispose]()
    return {
      tenLive: { ...live, goalP50Ms: 10 },
      threeOfTenDead: { ...withDead, goalMs: 100 },
      threeOfTenDeadFirstQuestion: {
        p50Ms: round(percentile(newcomers, 0.5)),
        worstMs: round(Math.max(...newcomers)),
        goalMs: 100,
      },
    }
  } finally {
    await Promise.all(nodes.map((one) => one[Symbol.asyncDispose]()))
  }
}
