import { type BlobStore, type BlobStoreKind, type Logger, openBlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { HomeserverConfig } from '../config.ts'
import { createProcesses, type Processes } from '../processes.ts'
import { createLiveBlobStore } from './live-store.ts'
import { type BlobMove, type Placement, placementOf } from './placement.ts'
import { openBucket } from './sealed.ts'
import { blobStoreSettings } from './settings.ts'

/** The blobs of a running server, wherever they are moved. */
export interface Stores extends AsyncDisposable {
  blobs: BlobStore
  processes: Processes
  placement(): Placement
}

/** Opens the stores of the settings, and follows moves from then on. Rejects when they make no sense. */
export async function openStores(o: {
  config: HomeserverConfig
  secretKey: Uint8Array
  pool: Pool
  log: Logger
  /** Takes the place of the store that the settings name. */
  given?: BlobStore | undefined
}): Promise<Stores> {
  const { config, secretKey, pool, log, given } = o
  const opened = new Map<BlobStoreKind, Promise<BlobStore>>()
  if (given) opened.set(config.blobStore, Promise.resolve(given))
  let placement = placementOf(config, null)
  let follows = ''
  let problem: string | null = null

  function settingsFor(move: BlobMove | null) {
    const settings = blobStoreSettings(config, pool)
    if (settings.s3.endpoint !== '' || !move?.sealed) return settings
    return { ...settings, s3: openBucket(move.sealed, secretKey) ?? settings.s3 }
  }

  async function open(kind: BlobStoreKind, move: BlobMove | null): Promise<BlobStore> {
    const known = opened.get(kind)
    if (known) return known
    const settings = settingsFor(move)
    if (kind === 's3' && settings.s3.endpoint === '')
      throw new Error(
        'S3_ENDPOINT and its key are not set, and the move was begun with another key',
      )
    const opening = openBlobStore(kind, settings)
    opened.set(kind, opening)
    opening.catch(() => opened.delete(kind))
    return opening
  }

  /** Whether this process means the same stores as the mover. */
  async function checkProbe(stores: readonly BlobStore[], { probe, ...move }: BlobMove) {
    const found = await Promise.all(stores.map((store) => store.stat(probe)))
    const missing = [move.target, move.source].filter((_, i) => !found[i])
    if (missing.length > 0)
      throw new Error(`it has another ${missing.join(' and another ')} store than the mover`)
  }

  async function place(move: BlobMove | null): Promise<void> {
    const next = placementOf(config, move)
    const reads = await Promise.all(next.reads.map((kind) => open(kind, move)))
    if (move?.state === 'asked') await checkProbe(reads, move)
    live.use({ reads, writes: await open(next.writes, move) })
    if (next.advice && next.advice !== placement.advice) log.warn(next.advice)
    placement = next
    follows = move ? `${move.number} ${move.state}` : ''
    problem = null
  }

  async function follow(move: BlobMove | null): Promise<void> {
    const asked = move ? `${move.number} ${move.state}` : ''
    if (asked === follows && problem === null) return
    try {
      await place(move)
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
      log.error({ error }, 'a move of blobs cannot be followed')
    }
  }

  const processes = createProcesses({
    pool,
    log,
    presence: () => ({ follows, oldUploads: live.oldUploads, problem }),
    follow,
  })
  const live = createLiveBlobStore({ isFresh: processes.isFresh, read: processes.beat })
  await place(await readMove(pool))
  await processes.beat()
  await pool.query("select pg_notify('processes', '')")
  processes.start()
  return {
    blobs: live,
    processes,
    placement: () => placement,
    async [Symbol.asyncDispose]() {
      await processes[Symbol.asyncDispose]()
      for (const store of await Promise.all(opened.values())) await store[Symbol.asyncDispose]()
    },
  }
}

export async function readMove(pool: Pick<Pool, 'query'>): Promise<BlobMove | null> {
  const { rows } = await pool.query<BlobMove>(
    'select number::text, source, target, state, probe, sealed from blob_moves',
  )
  return rows[0] ?? null
}
