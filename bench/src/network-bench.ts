import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDhtNode } from '@pubky/dht'
import { nowMicros, type PublicKeyZ32, randomBytes } from '@pubky/protocol'
import { createPubky } from '@pubky/sdk'
import { SAMPLE_FILE } from '@pubky/testkit/sample'
import { loadFile } from '../../stack/src/load/load.ts'
import type { LoadResult } from './homeserver-load.ts'
import { load, rate } from './load.ts'
import { enterAll, HOMESERVER, publishToVisible, round, summary } from './network-latency.ts'
import { buildServices, createNetworkProcess } from './network-process.ts'
import { treeMemory } from './processes.ts'
import { type Figures, percentile } from './result.ts'

const FEED_SECONDS = 4
const FEED_CONNECTIONS = 32
const RESOLVE_SAMPLES = 100

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
  const sinceMs = performance.now()
  buildServices({ web: true, anew: true })
  const buildMs = performance.now() - sinceMs
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
    const { author, viewer, others } = await enterAll(pubky)
    const loaded = await loadFile({
      file: SAMPLE_FILE,
      network: { relay, homeserverKey: HOMESERVER, dataDir: join(dir, 'data') },
    })
    await sleep(5000)
    const memory = treeMemory(network.pid())
    const alone = await publishToVisible({ nexus, root: network.pid(), author, viewer, others: [] })
    const busy = await publishToVisible({ nexus, root: network.pid(), author, viewer, others })
    const pages = await feed(ports.nexus)
    const keys = await resolving(
      `127.0.0.1:${ports.dht}`,
      [author, viewer, ...others].map(({ user }) => user),
    )
    return {
      loadAverageBefore: loadBefore,
      loadAverageAfter: load(),
      start: {
        newFolderMs: Math.round(firstMs),
        builtAndInstalledMs: Math.round(againMs),
        goalMs: 8000,
        withBuildMs: Math.round(buildMs + firstMs),
        withBuildGoalMs: 60_000,
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
