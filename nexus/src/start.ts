import { join } from 'node:path'
import {
  createCompactor,
  createPgJournal,
  createPkarrDirectory,
  createWatcher,
  type Journal,
  type Projection,
  runProjection,
  type Watcher,
} from '@pubky/indexer'
import { type Micros, nowMicros, type PublicKeyZ32, parsePublicKey } from '@pubky/protocol'
import { createPkarrClient, type PkarrClient } from '@pubky/sdk'
import {
  type BlobStore,
  createFileBlobStore,
  createLogger,
  createPool,
  createSafeFetch,
  type Logger,
  listen,
  migrate,
  type PoolOptions,
  type Running,
  startWithTeardown,
  type Teardown,
} from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { NexusConfig } from './config.ts'
import { openGraph, openSearch } from './engines.ts'
import type { SocialGraph } from './graph/social-graph.ts'
import { createLiveFeed, type LiveFeed } from './live/feed.ts'
import type { LiveBatch } from './live/log.ts'
import { createGraphProjection } from './projections/graph/graph-projection.ts'
import { createSearchProjection } from './projections/search/search-projection.ts'
import { createViews } from './projections/views/views.ts'
import { createObjectReader } from './read/object.ts'
import { createReader } from './read/reader.ts'
import type { SearchIndex } from './search/search-index.ts'
import { createNexusServer } from './server.ts'
import { createVariantStore, type VariantStore, withVariants } from './static/variants.ts'

export interface NexusDeps {
  clock: () => Micros
  fetch: typeof fetch
  pkarr: PkarrClient
}

export interface NexusUrls extends Record<string, string> {
  http: string
}

const MIGRATIONS =
  process.env.NEXUS_MIGRATIONS ?? join(import.meta.dirname, '../../prisma/nexus/migrations')
const VERSION = '0.1.0'

interface Parts {
  config: NexusConfig
  pool: Pool
  log: Logger
  clock: () => Micros
  stop: AbortSignal
  /** Work that ends when `stop` fires. */
  run(name: string, work: Promise<unknown>): void
}

/** The projections in the order in which they are listed; each runs by itself. */
export function createProjections(
  pool: Pool,
  graph: SocialGraph,
  search: SearchIndex,
  onBatch: (batch: LiveBatch) => void = () => {},
): Projection[] {
  return [
    createViews({ pool, onBatch }),
    createGraphProjection({ pool, graph }),
    createSearchProjection({ pool, index: search }),
  ]
}

/** People see `views` change; the others gather for so long, each in its own time. */
const GATHER_MS: Readonly<Record<string, number>> = { graph: 300, search: 500 }
/** Batches begin at least so long after each other. */
const APART_MS = 5

function startProjector(parts: Parts, journal: Journal, projections: readonly Projection[]): void {
  const { stop: signal, log } = parts
  for (const projection of projections) {
    const gatherMs = GATHER_MS[projection.name] ?? 0
    const o = { signal, log, gatherMs, apartMs: APART_MS }
    parts.run(projection.name, runProjection(journal, projection, o))
  }
}

/** The blobs of a data folder, and what is made of them. */
export function openFiles(dataDir: string): { blobs: BlobStore; variants: VariantStore } {
  const files = createFileBlobStore({ dir: join(dataDir, 'blobs') })
  const variants = createVariantStore({ dir: join(dataDir, 'variants'), blobs: files })
  return { blobs: withVariants(files, variants), variants }
}

function startWatcher(
  parts: Parts,
  o: {
    journal: Journal
    blobs: BlobStore
    pkarr: PkarrClient
    fetch: typeof fetch
  },
): Watcher {
  const { config, pool, log, clock } = parts
  const isLocal = config.network === 'local'
  const watcher = createWatcher({
    pool,
    journal: o.journal,
    blobs: o.blobs,
    directory: createPkarrDirectory({ pkarr: o.pkarr, ...(isLocal && { localHost: 'localhost' }) }),
    fetch: o.fetch,
    sources: config.homeservers.map((key): PublicKeyZ32 => parsePublicKey(key)),
    clock,
    log,
  })
  parts.run('watcher', watcher.run(parts.stop))
  parts.run('compactor', createCompactor({ pool, blobs: o.blobs }).run(parts.stop))
  return watcher
}

function keepRunning(teardown: Teardown, log: Logger) {
  const stop = new AbortController()
  const works: Promise<unknown>[] = []
  teardown.add(async () => {
    stop.abort()
    await Promise.allSettled(works)
  })
  return {
    stop: stop.signal,
    run(name: string, work: Promise<unknown>) {
      work.catch((error: unknown) => {
        if (!stop.signal.aborted) log.error({ error, name }, 'background work ended')
      })
      works.push(work)
    },
  }
}

/**
 * Starts Nexus: the watcher that fills the journal, the projections that are computed from it, and
 * the read API, each where `roles` names it.
 */
export async function startNexus(
  config: NexusConfig,
  deps: Partial<NexusDeps> = {},
): Promise<Running<NexusUrls>> {
  const log = createLogger('nexus')
  const clock = deps.clock ?? nowMicros
  const nowMs = () => Number(clock() / 1000n)
  return startWithTeardown(async (teardown) => {
    await migrate(config.databaseUrl, MIGRATIONS)
    const open = (name: string, o: PoolOptions) => {
      const pool = createPool(config.databaseUrl, { ...o, name, log })
      teardown.add(() => pool.end())
      return pool
    }
    // Whatever anybody asks, following and indexing go on.
    const reading = open('nexus', { max: 10 })
    const pool = open('nexus indexing', { max: 6 })
    const { blobs, variants } = openFiles(config.dataDir)
    teardown.use(blobs)
    const safe = teardown.use(
      createSafeFetch({
        allowPrivate: config.network === 'local',
        connections: 64,
        // Longer than the 15 s between the comments of a stream of events.
        timeoutMs: 60_000,
      }),
    )
    const outbound = deps.fetch ?? safe
    const pkarr =
      deps.pkarr ?? createPkarrClient({ relays: config.pkarrRelays, fetch: outbound, now: clock })
    const parts: Parts = { config, pool, log, clock, ...keepRunning(teardown, log) }
    let watcher: Watcher | null = null
    const onStrangers = () => watcher?.noticeStrangers()
    const journal = teardown.use(
      createPgJournal({ pool, url: config.databaseUrl, blobs, onStrangers }),
    )
    const graph = teardown.use(await openGraph(config, reading, pool))
    const search = teardown.use(await openSearch(config, reading, pool))
    const projecting = open('nexus projections', { max: 8, pipeline: true })
    let live: LiveFeed | null = null
    const onBatch = (batch: LiveBatch) => live?.take(batch)
    const projections = createProjections(projecting, graph, search, onBatch)
    watcher = config.roles.includes('watcher')
      ? startWatcher(parts, { journal, blobs, pkarr, fetch: outbound })
      : null
    if (config.roles.includes('projector')) startProjector(parts, journal, projections)
    const reader = createReader({ pool: reading, graph, search, nowMs })
    const onChange = reader.forget
    live = teardown.use(createLiveFeed({ pool: reading, url: config.databaseUrl, onChange }))
    const app = createNexusServer({
      reader,
      objects: createObjectReader({ pool: reading, blobs }),
      live,
      ingest: async (user) =>
        (await watcher?.ingest(user as PublicKeyZ32)) ?? { status: 'unavailable' },
      info: {
        version: VERSION,
        filesDir: join(config.dataDir, 'blobs'),
        startedAt: new Date(nowMs()),
      },
      log,
      blobs,
      variants,
      trustedProxies: config.trustedProxies,
      ready: async () => (await reading.query('select 1')).rowCount === 1,
    })
    teardown.add(() => app.close())
    await live.ready
    const { url } = await listen(app, { name: 'nexus', host: config.host, port: config.port })
    return { http: url }
  })
}
