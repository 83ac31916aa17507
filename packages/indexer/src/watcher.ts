import { setMaxListeners } from 'node:events'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { BlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { createBackoff, pause } from './backoff.ts'
import { createBlobIntake } from './blob-intake.ts'
import { createByteBudget } from './byte-budget.ts'
import type { Directory } from './directory.ts'
import { IndexerError } from './errors.ts'
import { DEFAULT_LIMITS, type Limits } from './fetch-object.ts'
import { type FollowDeps, followHost, type WatcherLog } from './follow-host.ts'
import { createHomeChecks, type HomeOutcome, LANES } from './home-checks.ts'
import type { Journal } from './journal.ts'
import { createPresence } from './presence.ts'
import { createSources, LEASE_MS } from './sources.ts'
import { createWaker } from './waker.ts'
import { type Wanted, wantedByNexus } from './wanted.ts'

const LOOK_MS = LEASE_MS / 3
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 60_000
/** A host that kept the rules for so long is forgiven. */
const FORGIVE_MS = 600_000
const HOME_REFRESH_MS = 3_600_000

export interface WatcherOptions {
  pool: Pool
  journal: Journal
  blobs: BlobStore
  directory: Directory
  /** For everything strangers name: `createSafeFetch`. */
  fetch: typeof fetch
  /** Hosts that are followed from the start. */
  sources: readonly PublicKeyZ32[]
  /** Which objects are stored; `wantedByNexus` unless told. */
  wanted?: Wanted
  /** Microseconds since the epoch. */
  clock: () => bigint
  log: WatcherLog
  limits?: Partial<Limits>
  /** Hosts that are found in records are followed up to this number in all; 1,000 unless told. */
  maxSources?: number
  /** Hosts that this process follows at a time, 256 unless told; `sources` are never refused. */
  maxFollowed?: number
  homeRefreshMs?: number
}

export interface Watcher {
  /** Follows the hosts until the signal fires. Several processes share them. */
  run(signal: AbortSignal): Promise<void>
  /** Reads a person's record now and follows their host. */
  ingest(user: PublicKeyZ32): Promise<{ status: HomeOutcome }>
  /** People who were seen for the first time: pass it to the journal as `onStrangers`. */
  noticeStrangers(): void
  /** The hosts this process follows at the moment. */
  followed(): PublicKeyZ32[]
}

/** The watcher of design 3.3: follows hosts and fills the journal; it judges nothing. */
export function createWatcher(o: WatcherOptions): Watcher {
  const sources = createSources(o.pool, o.sources)
  const presence = createPresence(o.pool)
  const { holder } = presence
  const nowMs = () => Number(o.clock() / 1000n)
  const followers = new Map<PublicKeyZ32, { stop: AbortController; done: Promise<void> }>()
  const waker = createWaker(LOOK_MS)
  const limits = { ...DEFAULT_LIMITS, ...o.limits }
  const homes = createHomeChecks({
    pool: o.pool,
    journal: o.journal,
    directory: o.directory,
    nowMs,
    refreshMs: o.homeRefreshMs ?? HOME_REFRESH_MS,
    onHome: followHome,
    log: o.log,
  })
  const follow: FollowDeps = {
    journal: o.journal,
    sources,
    directory: o.directory,
    fetch: o.fetch,
    intake: createBlobIntake(o.blobs),
    limits,
    budget: createByteBudget({
      bytesPerDay: limits.hostBytesPerDay,
      nowMs,
      onWait: (host) => o.log.info({ host }, 'a host has sent more than a day may bring'),
    }),
    wanted: o.wanted ?? wantedByNexus,
    nowMs,
    holder,
    log: o.log,
  }

  async function followHome(host: PublicKeyZ32): Promise<void> {
    if (followers.has(host)) return
    if (await sources.add(host, o.maxSources ?? 1_000)) waker.wake()
  }

  async function keepFollowing(host: PublicKeyZ32, signal: AbortSignal): Promise<void> {
    const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
    let goodSince = performance.now()
    const onProgress = () => {
      backoff.reset()
      if (performance.now() - goodSince < FORGIVE_MS) return
      goodSince = performance.now()
      void sources.forgive(host).catch(() => {})
    }
    while (!signal.aborted) {
      try {
        await followHost(follow, host, signal, onProgress)
        await backoff.wait(signal)
      } catch (error) {
        if (signal.aborted) return
        goodSince = performance.now()
        if (error instanceof IndexerError && error.code === 'lease_lost') return
        if (error instanceof IndexerError && error.isOffence) {
          o.log.warn({ host, code: error.code, reason: error.message }, 'a host is quarantined')
          await sources.strike(host, error.code).catch(() => {})
          return
        }
        o.log.info({ host, ...reasonOf(error) }, 'a host could not be followed')
        if (!(await sources.isKept(host).catch(() => true))) {
          const reason = error instanceof IndexerError ? error.code : 'unreachable'
          await sources.strike(host, reason).catch(() => {})
          return
        }
        await backoff.wait(signal, error instanceof IndexerError ? error.retryAfterMs : 0)
      }
    }
  }

  function start(host: PublicKeyZ32, parent: AbortSignal): void {
    const stop = new AbortController()
    const signal = AbortSignal.any([parent, stop.signal])
    // Bodies are fetched many at once under it.
    setMaxListeners(0, signal)
    const done = keepFollowing(host, signal)
      .then(() => sources.release(holder, host))
      .catch((err: unknown) => o.log.warn({ host, err }, 'a host was let go'))
      .finally(() => {
        followers.delete(host)
        // A host in quarantine is looked at again when its time is over.
        if (!parent.aborted) waker.wake()
      })
    followers.set(host, { stop, done })
  }

  async function look(signal: AbortSignal): Promise<void> {
    // Each time: a process that does not know them as configured may have forgotten them.
    const missing = o.sources.filter((host) => !followers.has(host))
    for (const host of missing) await sources.add(host, Number.MAX_SAFE_INTEGER)
    const ours = new Set(await sources.renew(holder))
    for (const [host, follower] of followers) {
      if (!ours.has(host)) follower.stop.abort(new IndexerError('lease_lost', { detail: host }))
    }
    await take(missing.length, signal, missing)
    await take((o.maxFollowed ?? 256) - followers.size, signal)
  }

  async function take(
    room: number,
    signal: AbortSignal,
    among: readonly PublicKeyZ32[] | null = null,
  ): Promise<void> {
    if (room <= 0) return
    for (const host of await sources.lease(holder, room, among)) {
      if (!followers.has(host)) start(host, signal)
    }
  }

  async function lookAgainAndAgain(signal: AbortSignal): Promise<void> {
    for await (const _ of waker.wakes(signal)) {
      await look(signal).catch((err: unknown) => o.log.warn({ err }, 'leases were not renewed'))
    }
  }

  async function checkHomes(signal: AbortSignal): Promise<void> {
    const keepChecking = async (lane: (typeof LANES)[number]) => {
      while (!signal.aborted) {
        await homes
          .run(lane, signal)
          .catch((err: unknown) => o.log.warn({ err }, 'homes were not read'))
        await pause(1_000, signal)
      }
    }
    await Promise.all(LANES.map(keepChecking))
  }

  return {
    async run(signal) {
      let looking: Promise<void> | null = null
      // Before that, everybody would think that we are gone.
      const onHeld = () => {
        looking ??= lookAgainAndAgain(signal)
      }
      await Promise.all([presence.hold(signal, onHeld), checkHomes(signal)])
      await looking
      await Promise.all([...followers.values()].map((follower) => follower.done))
    },
    async ingest(user) {
      return { status: await homes.ingest(user) }
    },
    noticeStrangers: () => homes.wake(),
    followed: () => [...followers.keys()],
  }
}

/** Hosts that are away are everyday: where in the program it was noticed is worth nothing, and costs a second. */
function reasonOf(error: unknown): object {
  if (!(error instanceof IndexerError)) return { err: error }
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {}
  return { code: error.code, reason: error.message, ...cause }
}
