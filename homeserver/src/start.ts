import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Micros, nowMicros, type PublicKeyZ32, randomBytes } from '@pubky/protocol'
import { createPkarrClient, type PkarrClient } from '@pubky/sdk'
import {
  type BlobStore,
  createExternalIp,
  createLogger,
  createPlaces,
  createPool,
  createTurns,
  type FindExternalIp,
  listen,
  migrate,
  type Running,
  StartError,
  startWithTeardown,
  type Teardown,
} from '@pubky/server-kit'
import { createHomeserverMetrics } from './admin/metrics.ts'
import { createMetricsServer } from './admin/metrics-server.ts'
import { createSignals } from './admin/signals.ts'
import { openStores } from './blobs/stores.ts'
import { completeConfig, configProblems, type HomeserverConfig } from './config.ts'
import type { Context } from './context.ts'
import { ALONE_CHANNEL, createAlone } from './entries/alone.ts'
import { collectOrphans } from './entries/collector.ts'
import { createEntryReader } from './entries/read.ts'
import { createWriter } from './entries/writer.ts'
import { refusals } from './errors.ts'
import { createEventHub } from './events/hub.ts'
import { ACCOUNT_NOTICE, createAccounts } from './limits/accounts.ts'
import { createLimits } from './limits/limits.ts'
import { NO_QUOTA, storageLimit } from './limits/quota.ts'
import { createUploads } from './limits/uploads.ts'
import { createVerifier } from './proofs/verifier.ts'
import { createPublishHealth } from './publish/health.ts'
import { keepPublished, publishOwnRecord } from './publish/publisher.ts'
import { readKeypair, refuseWeakKey } from './secret.ts'
import { createAdminServer, createClientServer, DRAIN_MS } from './server.ts'
import { nowSeconds, purgeExpired, purgeUsed } from './sessions/grants.ts'
import { noteUse } from './sessions/overview.ts'
import { createPrivateStreams } from './sessions/private-streams.ts'
import { createSessionResolver } from './sessions/resolver.ts'

export interface HomeserverDeps {
  clock: () => Micros
  random: (bytes: number) => Uint8Array
  fetch: typeof fetch
  pkarr: PkarrClient
  blobs: BlobStore
  externalIp: FindExternalIp
}

export interface HomeserverUrls extends Record<string, string> {
  http: string
  admin: string
  /** Empty when there is none. */
  metrics: string
}

export type RunningHomeserver = Running<HomeserverUrls> & { readonly publicKey: PublicKeyZ32 }

const MIGRATIONS =
  process.env.HOMESERVER_MIGRATIONS ??
  join(import.meta.dirname, '../../prisma/homeserver/migrations')
const CHORES_MS = 60_000
/** Of the twelve connections: the others are for everybody else. */
const HISTORY_AT_ONCE = 4
const COLLECT_EVERY = 60

/** Purges what can no longer be used, each minute; ended grants and orphaned blobs each hour. */
async function chores(ctx: Context, signal: AbortSignal): Promise<void> {
  const { pool, blobs, log } = ctx
  const nowMs = () => Number(ctx.clock() / 1000n)
  /** One that fails keeps no other from being done. */
  const attempt = (chore: Promise<unknown>) =>
    chore.catch((error: unknown) => {
      if (!signal.aborted) log.warn({ error }, 'chores failed')
    })
  for (let round = 0; !signal.aborted; round += 1) {
    await attempt(purgeUsed(ctx))
    if (round % COLLECT_EVERY === 0) {
      await attempt(purgeExpired(ctx))
      await attempt(collectOrphans({ pool, blobs, log, nowMs, signal }))
    }
    await sleep(CHORES_MS, undefined, { signal }).catch(() => {})
  }
}

type Server = ReturnType<typeof createClientServer>

/** Listens at every port of the configuration; the addresses, empty where nothing is wanted. */
async function openServers(ctx: Context, teardown: Teardown) {
  const { config } = ctx
  const servers: Server[] = []
  const open = async (server: Server, name: string, host: string, port: number) => {
    servers.push(server)
    teardown.add(() => server.close())
    return listen(server, { name, host, port })
  }
  const { host, port, adminHost, adminPort, metricsHost, metricsPort } = config
  const http = await open(createClientServer(ctx), 'homeserver', host, port)
  const admin = await open(createAdminServer(ctx), 'homeserver admin', adminHost, adminPort)
  const metrics =
    metricsPort === null
      ? { url: '' }
      : await open(createMetricsServer(ctx), 'homeserver metrics', metricsHost, metricsPort)
  return {
    httpPort: http.port,
    urls: { http: http.url, admin: admin.url, metrics: metrics.url },
    /** All at once, so that none takes of the time that another has to end. */
    close: () => Promise.all(servers.map((server) => server.close())),
  }
}

/**
 * Starts a homeserver: migrates its database, listens, publishes its record. Rejects with a
 * `StartError` that says in one sentence what is wrong.
 */
export async function startHomeserver(
  given: Partial<HomeserverConfig>,
  deps: Partial<HomeserverDeps> = {},
): Promise<RunningHomeserver> {
  const config = completeConfig(given)
  const problems = configProblems(config)
  if (problems.length > 0) throw StartError.config(problems)
  const log = createLogger('homeserver')
  const clock = deps.clock ?? nowMicros
  const random = deps.random ?? randomBytes
  const keypair = await readKeypair(config, random, log)
  refuseWeakKey(config, keypair)
  const running = await startWithTeardown(async (teardown) => {
    await migrate(config.databaseUrl, MIGRATIONS)
    const pool = createPool(config.databaseUrl, { max: 12, name: 'homeserver', log })
    teardown.add(() => pool.end())
    const stores = teardown.use(
      await openStores({ config, secretKey: keypair.secretKey, pool, log, given: deps.blobs }),
    )
    const { blobs, processes } = stores
    // Commits never wait for a connection behind reads.
    const writerPool = createPool(config.databaseUrl, { max: 2, name: 'homeserver writer', log })
    teardown.add(() => writerPool.end())
    const mayClaim = () => processes.others === 0 && processes.isFresh()
    const alone = teardown.use(createAlone({ pool: writerPool, log, mayClaim }))
    const entries = createEntryReader(pool, alone)
    const verifier = teardown.use(createVerifier(log))
    const writer = teardown.use(
      createWriter({
        pool: writerPool,
        blobs,
        log,
        defaultQuota: storageLimit(NO_QUOTA, config),
        alone,
        coming: () => verifier.busy,
        onCommit(writes) {
          const written = entries.beforeWriting(writes)
          const tell = ctx.hub.committing()
          return (told, newest) => {
            written(newest)
            tell(told, newest)
          }
        },
      }),
    )
    const sessions = createSessionResolver({
      pool,
      nowSeconds: () => nowSeconds(ctx),
      onUse: (session) =>
        noteUse(pool, session).catch((error: unknown) => log.warn({ error }, 'use was not noted')),
    })
    const privateStreams = createPrivateStreams()
    const accounts = createAccounts(pool)
    const nowMs = () => Number(clock() / 1000n)
    const signals = createSignals(nowMs)
    const limits = teardown.use(createLimits({ config, pool, signals, nowMs, processes, log }))
    const refreshLimits = () =>
      limits.refresh().catch((error: unknown) => log.warn({ error }, 'limits were not read'))
    const readProcesses = () =>
      processes
        .beat()
        .catch((error: unknown) => log.warn({ error }, 'other processes were not asked'))
    const hub = teardown.use(
      createEventHub({
        pool,
        writerPool,
        url: config.databaseUrl,
        log,
        onNotice(channel, payload) {
          if (channel === 'processes') void readProcesses()
          else if (channel === 'spending') limits.onSpending(payload)
          else if (channel === ALONE_CHANNEL) alone.onNotice(payload)
          else if (channel === 'auth_revocations') privateStreams.revoke(payload)
          else if (payload.startsWith(ACCOUNT_NOTICE)) {
            accounts.evict(payload.slice(ACCOUNT_NOTICE.length))
            void refreshLimits()
          } else sessions.evict(payload)
        },
        onGap() {
          // Notices may have been missed.
          sessions.forget()
          accounts.forget()
          void refreshLimits()
          void readProcesses()
          privateStreams.closeAll()
        },
        isBeside: () => processes.others > 0 || !processes.isFresh(),
      }),
    )
    const ctx: Context = {
      config,
      publicKey: keypair.publicKey,
      pool,
      blobs,
      placement: stores.placement,
      entries,
      writer,
      hub,
      sessions,
      verifier,
      privateStreams,
      streamPlaces: createPlaces({
        full: refusals.noStreamsLeft,
        fullHere: refusals.tooManyStreams,
        max: config.maxStreams,
        maxPerAddress: config.maxStreamsPerAddress,
      }),
      historyTurns: createTurns(HISTORY_AT_ONCE),
      accounts,
      limits,
      uploads: createUploads(),
      metrics: createHomeserverMetrics(),
      signals,
      published: createPublishHealth(),
      clock,
      random,
      log,
    }
    await hub.ready
    await limits.refresh()
    const servers = await openServers(ctx, teardown)
    const { httpPort } = servers
    const pkarr =
      deps.pkarr ??
      createPkarrClient({ relays: config.pkarrRelays, fetch: deps.fetch ?? fetch, now: clock })
    const health = Object.assign(ctx.published, { httpPort })
    const externalIp =
      deps.externalIp ?? createExternalIp({ fetch: deps.fetch ?? fetch, random: Math.random })
    const publisher = { config, keypair, httpPort, pkarr, pool, log, health, externalIp }
    // People's data is served, whether the record can be published or not; the page tells it.
    await publishOwnRecord(publisher).catch((error: unknown) =>
      log.error({ error }, 'the record could not be published, and is tried again'),
    )
    const stop = new AbortController()
    const jobs = Promise.all([keepPublished(publisher, stop.signal), chores(ctx, stop.signal)])
    jobs.catch((error: unknown) => log.error({ error }, 'background work ended'))
    teardown.add(async () => {
      stop.abort()
      const patience = sleep(DRAIN_MS, undefined, { ref: false })
      await Promise.all([servers.close(), Promise.race([jobs.catch(() => {}), patience])])
    })
    return servers.urls
  })
  return Object.assign(running, { publicKey: keypair.publicKey })
}
