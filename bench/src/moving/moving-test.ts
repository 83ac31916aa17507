import { type ChildProcess, spawn } from 'node:child_process'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { blake3Sync, toBase64, toHex, utf8 } from '@pubky/protocol'
import { createPubky, type Pubky } from '@pubky/sdk'
import { openRootSession } from '@pubky/sdk/move-home'
import { insist } from '@pubky/sdk/move-retry'
import { build } from 'esbuild'
import { createRandom, type Random } from '../random.ts'
import { type Account, keepWriting, makeAccount, snapshot } from './account.ts'
import { type Home, type Homes, startHomes } from './homes.ts'
import type { MoverLine, MoverTask } from './mover.ts'

export const VICTIMS = ['client', 'old home', 'new home'] as const
type Victim = (typeof VICTIMS)[number]

export interface MovingOptions {
  dir: string
  seed: number
  /** Interruptions in all, spread over as many moves as they take. */
  interruptions: number
  /** Accounts that move at the same time. */
  lanes: number
  /** Of each account that is moved under fire. */
  objects: number
  tell?: (text: string) => void
}

export interface MovingReport {
  moves: number
  /** Who was killed, in which step of which move. */
  kills: { victim: Victim; step: string }[]
  writtenMeanwhile: number
  findings: string[]
}

const STEPS = ['start', 'copy', 'copy', 'freeze', 'freeze', 'publish'] as const
const MAX_STARTS = 60
/** Homes are killed by others of these moves all the time. */
const PATIENT = { tries: 200 }

/** The mover as one file, which starts at once. */
async function bundleMover(dir: string): Promise<string> {
  const outfile = join(dir, 'mover.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'mover.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    ignoreAnnotations: true,
    logLevel: 'silent',
  })
  return outfile
}

/** One run of the mover, which somebody may kill. */
function startMover(script: string, task: MoverTask) {
  const child: ChildProcess = spawn(process.execPath, [script], {
    env: { ...process.env, MOVER_TASK: JSON.stringify(task) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const state = { step: 'start', isOver: false, report: null as MoverLine | null, failed: '' }
  const lines = child.stdout && createInterface({ input: child.stdout })
  lines?.on('line', (text) => {
    const line = JSON.parse(text) as MoverLine
    if ('step' in line) state.step = line.step
    else if ('failed' in line) state.failed = line.failed
    else state.report = line
  })
  // Its last words are read before it counts as ended.
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      state.isOver = true
      resolve()
    }),
  )
  return { state, ended, kill: () => child.kill('SIGKILL') }
}

type Mover = ReturnType<typeof startMover>

interface Trial {
  script: string
  homes: Homes
  pubky: Pubky
  random: Random
  o: MovingOptions
  report: MovingReport
  /** What is being moved now; a home that is killed interrupts all of it. */
  running: Map<Mover, { from: Home; to: Home }>
  /** Homes are killed one after the other. */
  striking: Promise<void>
  started: number
}

/** Waits for a moment of the seed: a step, and a little while after it began. */
async function momentOf(mover: Mover, random: Random): Promise<void> {
  const wanted = random.pick(STEPS) ?? 'copy'
  const extraMs = random.below(wanted === 'start' ? 600 : 250)
  while (mover.state.step !== wanted && !mover.state.isOver) await sleep(1)
  await sleep(extraMs)
}

/** Kills the client, or a home, which interrupts everybody who moves from or to it. */
async function strike(t: Trial, mover: Mover, { from, to }: { from: Home; to: Home }) {
  const victim = t.random.pick(VICTIMS) ?? 'client'
  await momentOf(mover, t.random)
  if (mover.state.isOver) return
  if (victim === 'client') {
    t.report.kills.push({ victim, step: mover.state.step })
    mover.kill()
    return
  }
  const home = victim === 'old home' ? from : to
  t.striking = t.striking.then(async () => {
    if (mover.state.isOver) return
    for (const [other, places] of t.running)
      if (!other.state.isOver) {
        const hit = places.from.key === home.key ? 'old home' : 'new home'
        t.report.kills.push({ victim: hit, step: other.state.step })
      }
    await home.strike()
  })
  await t.striking
}

/** Moves one account while it is written to and processes are killed; tells what is wrong afterwards. */
async function underFire(t: Trial): Promise<void> {
  const { random, pubky, o, report } = t
  const n = t.started
  t.started += 1
  const [from, to] = random.shuffle(t.homes.homes) as [Home, Home]
  const account = await insist(
    () => makeAccount(pubky, from.key, { random, objects: o.objects }),
    PATIENT,
  )
  const session = await insist(() => openRootSession(pubky, account.root, from.key), PATIENT)
  const stop = new AbortController()
  const writing = keepWriting(account, session, { random, objects: o.objects, signal: stop.signal })
  const task: MoverTask = {
    seed: toHex(account.seed),
    to: to.key,
    relay: t.homes.relay,
    placeFile: join(o.dir, `place-${n}.json`),
  }
  let strikes = 1 + random.below(5)
  let last = ''
  for (let start = 0; ; start += 1) {
    if (start === MAX_STARTS) {
      report.findings.push(`move ${n} did not end: ${last}`)
      break
    }
    const mover = startMover(t.script, task)
    t.running.set(mover, { from, to })
    if (strikes > 0) await strike(t, mover, { from, to })
    strikes -= 1
    await mover.ended
    t.running.delete(mover)
    last = mover.state.failed
    if (mover.state.report) break
  }
  stop.abort()
  report.writtenMeanwhile += await writing
  report.moves += 1
  // Somebody else may be killing a home now.
  report.findings.push(...(await insist(() => examine(t, n, account, { from, to }), PATIENT)))
  o.tell?.(`move ${n}: ${report.kills.length} interruptions, ${report.findings.length} findings`)
}

async function examine(
  { pubky }: Trial,
  n: number,
  account: Account,
  { from, to }: { from: Home; to: Home },
): Promise<string[]> {
  const findings: string[] = []
  const [old, now] = [
    await snapshot(pubky, account.root, from.key),
    await snapshot(pubky, account.root, to.key),
  ]
  for (const path of new Set([...old.keys(), ...now.keys()]))
    if (old.get(path) !== now.get(path))
      findings.push(`move ${n}: ${path} is ${now.get(path)}, and was ${old.get(path)}`)
  for (const [path, body] of account.acknowledged) {
    const etag = now.get(path)?.split(' ')[0]
    const possible = [body, ...(account.unknown.get(path) ?? [])]
    const isFine = possible.some((one) =>
      one === null ? etag === undefined : etag === toBase64(blake3Sync(utf8(one))),
    )
    if (!isFine) findings.push(`move ${n}: ${path} lost what was acknowledged`)
  }
  const record = await pubky.homeserverOf(account.root.publicKey, { policy: 'network-only' })
  if (record !== to.key) findings.push(`move ${n}: the record names ${record}`)
  return findings
}

/** Moves accounts between two homeservers under fire, until so many moves were interrupted. */
export async function movingTest(o: MovingOptions): Promise<MovingReport> {
  const random = createRandom(o.seed)
  await using homes = await startHomes(o.dir)
  await using pubky = createPubky({ relays: [homes.relay], localHost: 'localhost' })
  const report: MovingReport = { moves: 0, kills: [], writtenMeanwhile: 0, findings: [] }
  const script = await bundleMover(o.dir)
  const striking = Promise.resolve()
  const t: Trial = {
    script,
    homes,
    pubky,
    random,
    o,
    report,
    running: new Map(),
    striking,
    started: 0,
  }
  const lane = async () => {
    while (report.kills.length < o.interruptions) await underFire(t)
  }
  await Promise.all(Array.from({ length: o.lanes }, lane))
  return report
}

/** Moves one account of so many objects, undisturbed; how long it took. */
export async function timedMove(o: { dir: string; seed: number; objects: number }): Promise<{
  tookMs: number
  cpuMs: number
  loadAverage: number
  copied: number
  isEqual: boolean
}> {
  const random = createRandom(o.seed)
  await using homes = await startHomes(o.dir)
  await using pubky = createPubky({ relays: [homes.relay], localHost: 'localhost' })
  const [from, to] = homes.homes
  const account = await makeAccount(pubky, from.key, { random, objects: o.objects })
  const script = await bundleMover(o.dir)
  const beforeMs = homes.cpuMs()
  const mover = startMover(script, {
    seed: toHex(account.seed),
    to: to.key,
    relay: homes.relay,
    placeFile: join(o.dir, 'place-timed.json'),
  })
  await mover.ended
  const homesMs = homes.cpuMs() - beforeMs
  // How busy the machine was with other things: processes that wanted to run.
  const loadAverage = Math.round((loadavg()[0] ?? 0) * 10) / 10
  const { report, failed } = mover.state
  if (!report || !('report' in report)) throw new Error(`the move failed: ${failed}`)
  const [old, now] = [
    await snapshot(pubky, account.root, from.key),
    await snapshot(pubky, account.root, to.key),
  ]
  const isEqual = old.size === now.size && [...old].every(([path, what]) => now.get(path) === what)
  const { tookMs, cpuMs } = report
  return {
    tookMs: Math.round(tookMs),
    cpuMs: Math.round(cpuMs + homesMs),
    loadAverage,
    copied: report.report.copied,
    isEqual,
  }
}
