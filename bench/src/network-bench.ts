import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildPost, buildProfile, createIdClock } from '@pubky/app-specs'
import { startDhtNode } from '@pubky/dht'
import {
  keypairFromSeed,
  nowMicros,
  type PublicKeyZ32,
  randomBytes,
  randomKeypair,
  signerFromKeypair,
} from '@pubky/protocol'
import { createPubky, type Pubky, type Session } from '@pubky/sdk'
import { SAMPLE_FILE } from '@pubky/testkit/sample'
import { loadFile } from '../../stack/src/load/load.ts'
import type { LoadResult } from './homeserver-load.ts'
import { load, rate } from './load.ts'
import { buildServices, createNetworkProcess } from './network-process.ts'
import { treeMemory } from './processes.ts'
import { type Figures, percentile } from './result.ts'

const HOMESERVER = keypairFromSeed(new Uint8Array(32)).publicKey
const LATENCY_SAMPLES = 150
const BUSY_PER_SECOND = 200
const FEED_SECONDS = 4
const FEED_CONNECTIONS = 32
const RESOLVE_SAMPLES = 100

const round = (value: number) => Math.round(value * 100) / 100
const summary = (samples: readonly number[]): Figures => ({
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

/** From the sending of a signed PUT until another person's open page is told. */
async function publishToVisible(
  nexus: string,
  author: Session,
  viewer: Session,
  background: readonly Session[],
): Promise<Figures> {
  const stop = new AbortController()
  const waiting = new Map<string, (ms: number) => void>()
  await listen(nexus, viewer.user, stop.signal, (key) => waiting.get(key)?.(performance.now()))
  await sleep(300)
  let behind = 0
  const sinceMs = performance.now()
  const busy = background.map(async (session, lane) => {
    const everyMs = (1000 * background.length) / BUSY_PER_SECOND
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const due = sinceMs + (n + lane / background.length) * everyMs - performance.now()
      if (due > 0) await sleep(due)
      await post(session, `background ${n}`)
      behind += 1
    }
  })
  const samples: number[] = []
  for (let n = 0; n < LATENCY_SAMPLES + 20; n += 1) {
    let sentMs = 0
    const told = new Promise<number>((resolve, reject) => {
      post(author, `latency ${n}`, (key) => {
        waiting.set(key, resolve)
        sentMs = performance.now()
      }).catch(reject)
    })
    const late = sleep(10_000, Number.NaN, { ref: false })
    const ms = (await Promise.race([told, late])) - sentMs
    if (Number.isNaN(ms)) throw new Error('a post was not told within ten seconds')
    // The first ones warm everything up.
    if (n >= 20) samples.push(ms)
    await sleep(15)
  }
  const seconds = (performance.now() - sinceMs) / 1000
  stop.abort()
  await Promise.all(busy)
  return { ...summary(samples), eventsPerSecondBehind: Math.round(behind / seconds) }
}

async function page(port: number, path: string): Promise<LoadResult> {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  return load({
    port,
    connections: FEED_CONNECTIONS,
    requests: [request],
    cycle: true,
    seconds: FEED_SECONDS,
    expect: 200,
  })
}

/** A page of ten posts, beside a bare server that returns the same bytes. */
async function feed(port: number): Promise<Figures> {
  const input = encodeURIComponent(JSON.stringify({ source: 'all', limit: 10 }))
  const figures: Figures = {}
  for (const [name, path] of [
    ['rest', '/v0/stream/posts?source=all&limit=10'],
    ['trpc', `/trpc/posts.stream?input=${input}`],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const bare = fork(join(import.meta.dirname, 'bare-server.ts'), {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    })
    bare.send(bytes)
    const [barePort] = (await once(bare, 'message')) as [number]
    const served = await page(port, path)
    const plain = await page(barePort, '/')
    bare.disconnect()
    figures[name] = {
      bytes: bytes.length,
      perSecond: rate(served),
      p99Ms: round(percentile(served.latencies, 0.99)),
      barePerSecond: rate(plain),
      toBare: round(rate(served) / rate(plain)),
    }
  }
  return figures
}

async function resolving(dht: string, keys: readonly PublicKeyZ32[]): Promise<Figures> {
  await using node = await startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap: [dht],
    network: 'local',
    clock: nowMicros,
    random: randomBytes,
    readOnly: true,
  })
  await node.ready
  await using pubky = createPubky({ relays: [], dht: node, localHost: 'localhost' })
  const time = async (policy: 'network-only' | 'cache-first') => {
    const samples: number[] = []
    for (let n = 0; n < RESOLVE_SAMPLES; n += 1) {
      const key = keys[n % keys.length] ?? HOMESERVER
      const sinceMs = performance.now()
      if (!(await pubky.resolve(key, { policy }))) throw new Error(`${key} does not resolve`)
      samples.push(performance.now() - sinceMs)
    }
    return summary(samples)
  }
  return { throughDht: await time('network-only'), cached: await time('cache-first') }
}

/** One network: start, latency, memory with the sample, feed and resolution of keys. */
export async function run(_: { seed: number }): Promise<Figures> {
  buildServices({ web: true })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-bench-network-'))
  const network = await createNetworkProcess({ dataDir: join(dir, 'data') })
  const load = () => loadavg().map(round).join(' ')
  const loadBefore = load()
  try {
    const firstMs = await network.start()
    await network.stop()
    const againMs = await network.start()
    const { ports } = network
    const relay = `http://127.0.0.1:${ports.relay}`
    const nexus = `http://127.0.0.1:${ports.nexus}`
    await using pubky = createPubky({ relays: [relay], localHost: 'localhost' })
    const people = await Promise.all(Array.from({ length: 10 }, () => enter(pubky)))
    const [author, viewer, ...others] = people
    if (!author || !viewer) throw new Error('nobody entered')
    for (const session of people) {
      const profile = buildProfile({ name: 'Bench' })
      await session.storage.put(profile.path, profile.body)
    }
    const loaded = await loadFile({
      file: SAMPLE_FILE,
      network: { relay, homeserverKey: HOMESERVER, dataDir: join(dir, 'data') },
    })
    await sleep(5000)
    const memory = treeMemory(network.pid())
    const alone = await publishToVisible(nexus, author, viewer, [])
    const busy = await publishToVisible(nexus, author, viewer, others)
    const pages = await feed(ports.nexus)
    const keys = await resolving(
      `127.0.0.1:${ports.dht}`,
      people.map(({ user }) => user),
    )
    return {
      loadAverageBefore: loadBefore,
      loadAverageAfter: load(),
      start: {
        newFolderMs: Math.round(firstMs),
        builtAndInstalledMs: Math.round(againMs),
        goalMs: 8000,
      },
      latency: {
        alone: { ...alone, goal: '15 ms and 60 ms' },
        busy: { ...busy, goal: '25 ms and 100 ms' },
      },
      memory: { ...memory, goalMiB: 900, objectsOfSample: loaded.sent },
      feed: { ...pages, goalPerSecond: 1500 },
      resolve: { ...keys, goal: 'cached below 1 ms, through the DHT below 10 ms' },
    }
  } finally {
    await network.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
