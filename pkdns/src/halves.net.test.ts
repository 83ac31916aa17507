import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDhtNode } from '@pubky/dht'
import {
  nowMicros,
  publicKeyBytes,
  randomBytes,
  randomKeypair,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
} from '@pubky/protocol'
import { createPkarrClient, type PkarrClient } from '@pubky/sdk/pkarr/client'
import { Teardown } from '@pubky/server-kit'
import { expect, it } from 'vitest'
import { killPkdns, launchPkdns, type PkdnsProcess } from './testing/pkdns-process.ts'

const NODES = 4
const NAMES = 5
/** What counts is that there is an answer; this machine may be busy starting processes. */
const TIMEOUT_MS = 60_000

const portOf = (address: string) => address.split(':').at(-1)?.split('/')[0] ?? ''

/** Processes of one node each that can be killed and started again where they were. */
async function startNodes(dir: string, teardown: Teardown) {
  const running: PkdnsProcess[] = []
  teardown.add(async () => void (await Promise.all(running.map(killPkdns))))
  const launch = async (at: number, env: Record<string, string>) => {
    const others = running.filter((_, other) => other !== at).map(({ urls }) => urls.dht)
    running[at] = await launchPkdns({
      DATA_DIR: join(dir, String(at)),
      DHT_NODES: '1',
      DHT_BOOTSTRAP: others.join(','),
      ...env,
    })
  }
  await launch(0, {})
  await Promise.all(Array.from({ length: NODES - 1 }, (_, at) => launch(at + 1, {})))
  return {
    urls: () => running.map(({ urls }) => urls),
    kill: async (at: number) => {
      const process = running[at]
      if (process) await killPkdns(process)
    },
    async startAgain(at: number) {
      const { relay = '', dht = '' } = running[at]?.urls ?? {}
      await launch(at, { RELAY_PORT: portOf(relay), DHT_PORT: portOf(dht) })
    },
  }
}

/** Asks for one name after the other, all the time; `asked` and `failed` tell how it went. */
function keepAsking(client: PkarrClient, packets: readonly SignedPacket[]) {
  const told = { asked: 0, failed: [] as string[] }
  let isOver = false
  const ask = async () => {
    while (!isOver) {
      const packet = packets[told.asked++ % packets.length]
      if (!packet) return
      try {
        const found = await client.resolve(packet.publicKey, { policy: 'network-only' })
        if (found?.timestamp !== packet.timestamp) told.failed.push(`found ${found?.timestamp}`)
      } catch (error) {
        told.failed.push(String(error))
      }
    }
  }
  const asking = ask()
  return {
    told,
    async end() {
      isOver = true
      await asking
    },
  }
}

// covers 4.8.8
it('names stay resolvable throughout, by the DHT and by relays, while each half of the nodes is killed and started again', async () => {
  await using teardown = new Teardown()
  const dir = await mkdtemp(join(tmpdir(), 'pubky-halves-'))
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const nodes = await startNodes(dir, teardown)
  const dht = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap: nodes.urls().map((urls) => urls.dht),
    network: 'local',
    clock: nowMicros,
    random: randomBytes,
    readOnly: true,
  })
  teardown.use(dht)
  await dht.ready
  const packets = await Promise.all(
    Array.from({ length: NAMES }, () => signPacket(signerFromKeypair(randomKeypair()), [])),
  )
  /** Until every node is there, and has every packet. */
  const areWhole = () =>
    expect
      .poll(async () => {
        const keys = packets.map(({ publicKey }) => publicKeyBytes(publicKey))
        const found = await Promise.all(keys.map((key) => dht.get(key).newest()))
        return found.map(({ report }) => report.agreed)
      })
      .toEqual(packets.map(() => NODES))
  const o = { cacheSize: 0, timeoutMs: TIMEOUT_MS }
  const byDht = createPkarrClient({ dht, ...o })
  const byRelays = createPkarrClient({ relays: nodes.urls().map(({ relay }) => relay), ...o })
  await expect.poll(() => dht.nodes().length).toBe(NODES)
  for (const packet of packets) expect(await byDht.publish(packet)).toEqual({ stored: NODES })
  await areWhole()

  const askers = [byDht, byRelays].map((client) => keepAsking(client, packets))
  const goOn = async (more: number) => {
    const goal = askers.map(({ told }) => told.asked + more)
    await expect
      .poll(() => askers.every(({ told }, at) => told.asked >= (goal[at] ?? 0)))
      .toBe(true)
  }
  for (const half of [
    [0, 1],
    [2, 3],
  ]) {
    await goOn(5)
    await Promise.all(half.map(nodes.kill))
    await goOn(10)
    await Promise.all(half.map(nodes.startAgain))
    // The other half has been killed and started again for nothing if this one is not whole.
    await areWhole()
  }
  await Promise.all(askers.map(({ end }) => end()))
  expect(askers.map(({ told }) => told.failed)).toEqual([[], []])
})
