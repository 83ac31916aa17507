import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildPost, buildProfile, createIdClock } from '@pubky/app-specs'
import {
  keypairFromSeed,
  nowMicros,
  type PublicKeyZ32,
  randomKeypair,
  signerFromKeypair,
} from '@pubky/protocol'
import { createPubky, type Pubky, type Session } from '@pubky/sdk'
import { buildServices, createNetworkProcess } from './network-process.ts'
import { treeProcessorMs } from './processes.ts'
import { type Figures, percentile } from './result.ts'

export const HOMESERVER = keypairFromSeed(new Uint8Array(32)).publicKey
const LATENCY_SAMPLES = 150
/** Posts before those that count: services that were just started compile for seconds. */
const WARM_UP = 120
const BUSY_PER_SECOND = 200

export const round = (value: number) => Math.round(value * 100) / 100
export const summary = (samples: readonly number[]): Figures => ({
  samples: samples.length,
  p50Ms: round(percentile(samples, 0.5)),
  p99Ms: round(percentile(samples, 0.99)),
})

function enter(pubky: Pubky): Promise<Session> {
  return pubky.signUpGrant(signerFromKeypair(randomKeypair()), {
    homeserver: HOMESERVER,
    client: randomKeypair(),
    clientId: 'bench.example',
    capabilities: '/pub/:rw',
  })
}

/** Ten people with profiles. */
export async function enterAll(pubky: Pubky) {
  const people = await Promise.all(Array.from({ length: 10 }, () => enter(pubky)))
  for (const session of people) {
    const profile = buildProfile({ name: 'Bench' })
    await session.storage.put(profile.path, profile.body)
  }
  const [author, viewer, ...others] = people
  if (!author || !viewer) throw new Error('nobody entered')
  return { author, viewer, others }
}

const nextId = createIdClock(nowMicros)

async function post(session: Session, content: string, before?: (key: string) => void) {
  const built = buildPost({ content, kind: 'short' }, nextId())
  before?.(`${session.user}:${built.id}`)
  await session.storage.put(built.path, built.body)
}

/** Opens the live subscription of another person; `seen` is called with the name of each new post. */
async function listen(
  nexus: string,
  viewer: PublicKeyZ32,
  signal: AbortSignal,
  seen: (key: string) => void,
): Promise<void> {
  const input = encodeURIComponent(JSON.stringify({ source: 'all', viewer }))
  const response = await fetch(`${nexus}/trpc/live.subscribe?input=${input}`, {
    headers: { accept: 'text/event-stream' },
    signal,
  })
  if (!response.ok || !response.body) throw new Error(`live.subscribe answered ${response.status}`)
  const read = async (body: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (!line.startsWith('data: {')) continue
        const event = JSON.parse(line.slice('data: '.length)) as { type?: string; key?: string }
        if (event.type === 'post' && event.key) seen(event.key)
      }
    }
  }
  read(response.body).catch(() => {})
}

/** Keeps writing, all together `BUSY_PER_SECOND` posts each second; resolves to their number. */
async function keepBusy(others: readonly Session[], signal: AbortSignal): Promise<number> {
  const sinceMs = performance.now()
  let written = 0
  const lanes = others.map(async (session, lane) => {
    const everyMs = (1000 * others.length) / BUSY_PER_SECOND
    for (let n = 0; !signal.aborted; n += 1) {
      const due = sinceMs + (n + lane / others.length) * everyMs - performance.now()
      if (due > 0) await sleep(due)
      await post(session, `background ${n}`)
      written += 1
    }
  })
  await Promise.all(lanes)
  return written
}

function perEvent(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  events: number,
): Figures {
  const figures: Figures = {}
  for (const [name, ms] of Object.entries(after)) {
    const each = round((ms - (before[name] ?? 0)) / events)
    if (each > 0) figures[name] = each
  }
  return figures
}

/** From the sending of a signed PUT until another person's open page is told. */
export async function publishToVisible(o: {
  nexus: string
  /** The process above all that belong to the network. */
  root: number
  author: Session
  viewer: Session
  /** Who writes in the background. */
  others: readonly Session[]
}): Promise<Figures> {
  const stop = new AbortController()
  const waiting = new Map<string, (ms: number) => void>()
  await listen(o.nexus, o.viewer.user, stop.signal, (key) => waiting.get(key)?.(performance.now()))
  await sleep(300)
  const sinceMs = performance.now()
  const before = treeProcessorMs(o.root)
  const busy = keepBusy(o.others, stop.signal)
  const samples: number[] = []
  for (let n = 0; n < WARM_UP + LATENCY_SAMPLES; n += 1) {
    let sentMs = 0
    const told = new Promise<number>((resolve, reject) => {
      post(o.author, `latency ${n}`, (key) => {
        waiting.set(key, resolve)
        sentMs = performance.now()
      }).catch(reject)
    })
    const late = sleep(10_000, Number.NaN, { ref: false })
    const ms = (await Promise.race([told, late])) - sentMs
    if (Number.isNaN(ms)) throw new Error('a post was not told within ten seconds')
    if (n >= WARM_UP) samples.push(ms)
    await sleep(15)
  }
  stop.abort()
  const behind = await busy
  const seconds = (performance.now() - sinceMs) / 1000
  return {
    ...summary(samples),
    eventsPerSecondBehind: Math.round(behind / seconds),
    processorMsPerEvent: perEvent(
      before,
      treeProcessorMs(o.root),
      behind + WARM_UP + LATENCY_SAMPLES,
    ),
  }
}

/** The latency alone, on an empty network without the web app: `npm run bench -- network-latency`. */
export async function run(_: { seed: number }): Promise<Figures> {
  buildServices({ web: false })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-bench-latency-'))
  const network = await createNetworkProcess({ dataDir: join(dir, 'data'), without: ['web'] })
  try {
    await network.start()
    const { relay, nexus: port } = network.ports
    await using pubky = createPubky({
      relays: [`http://127.0.0.1:${relay}`],
      localHost: 'localhost',
    })
    const { author, viewer, others } = await enterAll(pubky)
    const nexus = `http://127.0.0.1:${port}`
    const who = { nexus, root: network.pid(), author, viewer }
    const alone = await publishToVisible({ ...who, others: [] })
    const busy = await publishToVisible({ ...who, others })
    return { loadAverage: loadavg().map(round).join(' '), alone, busy }
  } finally {
    await network.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
