import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { publicKeyBytes, toHex } from '@pubky/protocol'
import { Teardown } from '@pubky/server-kit'
import { type HomeserverProcess, startHomeserverProcess } from '../homeserver-process.ts'
import { createRandom, type Random } from '../random.ts'
import type { Figures } from '../result.ts'
import { accountShot } from './account-shots.ts'
import { fire } from './fire.ts'
import { allow, digestOf, type Findings, judgeAnswer, judgeDatabase, settle } from './judge.ts'
import { mutated, pipelined, type Shot } from './shot.ts'
import { type Scene, storageShot } from './storage-shots.ts'
import { createTenant, signIn, store, type Tenant } from './tenants.ts'

export interface FuzzOptions {
  seed: number
  /** The state is judged after each round, when every answer has come. */
  rounds: number
  /** How long a round goes on, or how many requests it has. */
  round: { ms: number } | { requests: number }
  /** Connections at a time. */
  workers: number
  actors: number
  bystanders: number
  tell?: (text: string) => void
}

export interface FuzzReport {
  requests: number
  mutated: number
  accounts: number
  events: number
  answers: Record<string, number>
  memoryMiB: number[]
  findings: Findings
}

const WHOLE_MS = 30_000
const MUTATED_MS = 200
const STREAM_MS = 300
const MAX_FINDINGS = 50
/** For streams to end when nobody is left. */
const CLOSED_MS = 20_000

async function anyShot(scene: Scene, server: HomeserverProcess): Promise<Shot> {
  const { random } = scene
  const one = () => (random.next() < 0.7 ? storageShot(scene) : accountShot(scene, server))
  const shot = await one()
  if (shot.toAdmin) return shot
  const choice = random.next()
  if (choice < 0.3) return mutated(shot, random)
  return choice < 0.38 ? pipelined(shot, await one()) : shot
}

function aimOf(shot: Shot, server: HomeserverProcess, random: Random) {
  const isCut = shot.isMutated && random.next() < 0.15
  return {
    port: shot.toAdmin ? server.adminPort : server.port,
    idleMs: shot.isMutated ? MUTATED_MS : shot.isStream ? STREAM_MS : WHOLE_MS,
    cutAt: isCut ? random.below(shot.bytes.length) : null,
  }
}

/** Whether a round that begins now goes on, asked before each request. */
function roundOf(round: FuzzOptions['round']): () => boolean {
  if ('requests' in round) {
    let left = round.requests
    return () => left-- > 0
  }
  const untilMs = performance.now() + round.ms
  return () => performance.now() < untilMs
}

async function areStreamsClosed(server: HomeserverProcess): Promise<boolean> {
  const untilMs = performance.now() + CLOSED_MS
  while (performance.now() < untilMs) {
    if ((await server.openStreams()) === 0) return true
    await sleep(100)
  }
  return false
}

/** Requests of every sort, right and wrong, at a homeserver of its own; tells what is not as it should be. */
export async function fuzzHomeserver(o: FuzzOptions): Promise<FuzzReport> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-fuzz-'))
  await using teardown = new Teardown()
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const random = createRandom(o.seed)
  const server = await startHomeserverProcess(teardown, { dir, seed: random.bytes(32) })
  const { pool } = server
  const tenants: Tenant[] = []
  for (let i = 0; i < o.actors + o.bystanders; i += 1)
    tenants.push(await createTenant(server, random))
  const [actors, bystanders] = [tenants.slice(0, o.actors), tenants.slice(o.actors)]
  const hexOf = (tenant: Tenant) => toHex(publicKeyBytes(tenant.key))
  const byHex = new Map(tenants.map((tenant) => [hexOf(tenant), tenant]))
  const digests = () => Promise.all(bystanders.map((one) => digestOf(pool, one, hexOf(one))))
  const before = await digests()
  const scenes = Array.from({ length: o.workers }, (_, i): Scene => {
    return { random: createRandom(o.seed * 1000 + i), actors, bystanders }
  })
  const found = new Set<string>()
  const report = { requests: 0, mutated: 0, events: 0, answers: {} as Record<string, number> }
  const memoryMiB: number[] = []

  async function work(scene: Scene, goesOn: () => boolean): Promise<void> {
    while (goesOn() && server.complaints.length === 0) {
      const shot = await anyShot(scene, server)
      allow(shot)
      const answer = await fire(shot.bytes, aimOf(shot, server, scene.random))
      settle(shot, answer)
      for (const finding of judgeAnswer(shot, answer, tenants)) found.add(finding)
      report.requests += 1
      if (shot.isMutated) report.mutated += 1
      for (const status of answer.statuses)
        report.answers[status] = (report.answers[status] ?? 0) + 1
    }
  }

  for (let round = 0; round < o.rounds && server.complaints.length === 0; round += 1) {
    const goesOn = roundOf(o.round)
    await Promise.all(scenes.map((scene) => work(scene, goesOn)))
    const state = await judgeDatabase(pool, tenants, byHex)
    report.events = state.events
    for (const finding of state.findings) found.add(finding)
    if ((await digests()).some((digest, i) => digest !== before[i]))
      found.add('an account changed although nobody had its credentials')
    if (!(await areStreamsClosed(server)))
      found.add('event streams stay open although everybody has gone')
    memoryMiB.push(server.memoryMiB())
    o.tell?.(
      `${round + 1}/${o.rounds}: ${report.requests} requests, ${report.events} changes, ${memoryMiB.at(-1)} MiB, ${found.size} findings`,
    )
    if (server.complaints.length > 0) break
    for (const actor of actors) {
      await signIn(server, actor)
      await store(server, actor, `/pub/round-${round}.txt`, `round ${round} of ${actor.key}`)
    }
  }
  const findings = [...server.complaints, ...found].slice(0, MAX_FINDINGS)
  return { ...report, accounts: tenants.length, memoryMiB, findings }
}

const ROUNDS = 40
const ROUND_MS = 30_000
/** Caches are full after a quarter of the time; what comes on top of it is bounded. */
const MAX_GROWTH_MIB = 60
const MAX_MIB = 450

/** `npm run prove -- fuzz-homeserver`: twenty minutes. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  const { findings, memoryMiB, ...counts } = await fuzzHomeserver({
    seed,
    rounds: ROUNDS,
    round: { ms: ROUND_MS },
    workers: 24,
    actors: 12,
    bystanders: 4,
    tell: (text) => console.log(`  ${text}`),
  })
  // The least of ten rounds: what is above it is garbage that was not collected yet.
  const quarter = ROUNDS / 4
  const early = Math.min(...memoryMiB.slice(quarter, 2 * quarter))
  const late = Math.min(...memoryMiB.slice(-quarter))
  const isBounded = late - early < MAX_GROWTH_MIB && Math.max(...memoryMiB) < MAX_MIB
  const isProven = findings.length === 0 && isBounded && memoryMiB.length === ROUNDS
  if (!isProven) {
    console.log(findings.join('\n'))
    process.exitCode = 1
  }
  return {
    minutes: (ROUNDS * ROUND_MS) / 60_000,
    ...counts,
    memory: { inTheSecondQuarterMiB: early, inTheLastMiB: late, mostMiB: Math.max(...memoryMiB) },
    findings,
    isProven,
  }
}
