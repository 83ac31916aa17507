import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDhtNode } from '@pubky/dht'
import {
  keypairFromSeed,
  nowMicros,
  type PublicKeyZ32,
  randomBytes,
  signerFromKeypair,
} from '@pubky/protocol'
import { createPubky, type Pubky, type Session } from '@pubky/sdk'
import type { ServiceName } from '@pubky/stack'
import { createNetworkProcess, type NetworkProcess } from '../network-process.ts'
import { createRandom, type Random } from '../random.ts'
import { checkEvents, checkKeys, checkObjects, type Findings } from './check-home.ts'
import { checkProjections, untilCaughtUp } from './check-nexus.ts'
import { createStats, untilAnswered, type WriteStats, writeUntilAcknowledged } from './insist.ts'
import { planKills, recovered, strike, type Target } from './kills.ts'
import { createLedger } from './ledger.ts'
import { createScene, createWriter, type Scene } from './writer.ts'

export interface KillTestOptions {
  seed: number
  kills: number
  singles: readonly Target[]
  writers: number
  /** Writes of one person at a time. */
  lanes: number
  /** The longest quiet time between a recovery and the next kill, in ms. */
  maxCalmMs: number
  /** One more person joins after so long, in ms. */
  joinEveryMs: number
  without?: readonly ServiceName[]
  /** Settings for the services. */
  env?: Readonly<Record<string, string>>
  /** The share of writes that are large files; few of all writes otherwise. */
  uploads?: number
  tell?: (text: string) => void
}

export interface KillReport {
  kills: { target: Target; processes: number; recoveryMs: number }[]
  writes: WriteStats
  people: number
  paths: number
  events: number
  objects: number
  /** Of these, those in the blob store. */
  large: number
  deleted: number
  journalEntries: number
  compared: string[]
  caughtUpMs: number
  findings: Findings
}

const RECOVERY_MS = 180_000
const HOMESERVER = keypairFromSeed(new Uint8Array(32)).publicKey

/** A person of the run; the call is repeated until an account and a session are there. */
async function enter(pubky: Pubky, random: Random): Promise<Session> {
  const root = signerFromKeypair(keypairFromSeed(random.bytes(32)))
  const client = keypairFromSeed(random.bytes(32))
  const capabilities = '/pub/:rw'
  const o = { homeserver: HOMESERVER, client, clientId: 'kill.test', capabilities }
  return untilAnswered((signal) => pubky.signUpGrant(root, { ...o, signal }))
}

async function keepJoining(
  scene: Scene,
  pubky: Pubky,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const session = await enter(pubky, scene.random)
    scene.people.push(session.user)
    await createWriter(scene, session).profile()
  }
}

async function killAll(
  network: NetworkProcess,
  o: KillTestOptions,
  random: Random,
  stats: WriteStats,
): Promise<KillReport['kills']> {
  const services = (['homeserver', 'nexus', 'web', 'relay'] as const).filter(
    (name) => !o.without?.some((left) => left === name),
  )
  const done: KillReport['kills'] = []
  for (const target of planKills(random, o)) {
    await sleep(random.below(o.maxCalmMs))
    const atMs = performance.now()
    const processes = await strike(network, target)
    const wrote = () => stats.lastSentMs > atMs
    await recovered(network, services, wrote, RECOVERY_MS)
    const recoveryMs = Math.round(performance.now() - atMs)
    done.push({ target, processes, recoveryMs })
    o.tell?.(`${done.length}/${o.kills} ${target}: back after ${recoveryMs} ms`)
  }
  return done
}

async function throughDht(dht: string, people: readonly PublicKeyZ32[]): Promise<Findings> {
  const node = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap: [dht],
    network: 'local',
    clock: nowMicros,
    random: randomBytes,
    readOnly: true,
  })
  await using _ = node
  await node.ready
  await using pubky = createPubky({ relays: [], dht: node, localHost: 'localhost' })
  return await checkKeys(pubky, HOMESERVER, people)
}

const NO_INDEX = { journalEntries: 0, compared: [] as string[], caughtUpMs: 0 }

/** Waits until Nexus has everything, stops the network and compares what it made of it with a rebuild. */
async function checkNexus(network: NetworkProcess, findings: Findings): Promise<typeof NO_INDEX> {
  const caughtUp = await untilCaughtUp(network)
  await network.stop()
  const projections = await checkProjections(network.dataDir)
  findings.push(...caughtUp.findings, ...projections.findings)
  return {
    journalEntries: projections.entries,
    compared: projections.compared,
    caughtUpMs: Math.round(caughtUp.ms),
  }
}

/** Kills under writes, then compares everything that was acknowledged with everything that is there. */
export async function killTest(o: KillTestOptions): Promise<KillReport> {
  const { tell = () => {} } = o
  const hasNexus = !o.without?.includes('nexus')
  const dir = await mkdtemp(join(tmpdir(), 'pubky-kill-'))
  const network = await createNetworkProcess({
    dataDir: join(dir, 'data'),
    ...(o.without && { without: o.without }),
    ...(o.env && { env: o.env }),
  })
  const random = createRandom(o.seed)
  const stats = createStats()
  const ledger = createLedger()
  try {
    tell(`ready after ${Math.round(await network.start())} ms, data in ${network.dataDir}`)
    const { ports } = network
    const relays = [`http://127.0.0.1:${ports.relay}`]
    await using pubky = createPubky({ relays, localHost: 'localhost' })
    const scene = createScene(
      random,
      (session, request) => writeUntilAcknowledged(session, request, ledger, stats),
      o.uploads,
    )
    const sessions = await Promise.all(
      Array.from({ length: o.writers }, () => enter(pubky, random)),
    )
    scene.people.push(...sessions.map(({ user }) => user))

    const stop = new AbortController()
    const failed = new AbortController()
    const works = [
      ...sessions.map((session) => createWriter(scene, session).run(o.lanes, stop.signal)),
      keepJoining(scene, pubky, o.joinEveryMs, stop.signal),
    ]
    const writing = Promise.all(works).catch((error: unknown) => {
      failed.abort(error)
      stop.abort()
      throw error
    })
    writing.catch(() => {})
    const kills = await Promise.race([killAll(network, o, random, stats), writing.then(() => [])])
    await sleep(500)
    stop.abort()
    await writing
    tell(`${stats.acknowledged} writes acknowledged, ${stats.lostAnswers} answers lost`)

    const findings: Findings = []
    const events = await checkEvents(pubky, HOMESERVER, ledger, scene.people)
    const objects = await checkObjects(pubky, ledger, scene.people)
    findings.push(...events.findings, ...objects.findings)
    findings.push(...(await throughDht(`127.0.0.1:${ports.dht}`, scene.people)))
    const indexed = hasNexus ? await checkNexus(network, findings) : NO_INDEX
    tell(
      `${events.events} events, ${objects.objects} objects; Nexus after ${indexed.caughtUpMs} ms`,
    )
    return {
      kills,
      writes: stats,
      people: scene.people.length,
      paths: ledger.histories.size,
      events: events.events,
      objects: objects.objects,
      large: objects.large,
      deleted: objects.deleted,
      ...indexed,
      findings,
    }
  } finally {
    await network.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
