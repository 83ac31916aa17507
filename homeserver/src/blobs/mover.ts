import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BlobStore, type BlobStoreKind, moveBlobs, openBlobStore } from '@pubky/server-kit'
import type { Pool, PoolClient } from 'pg'
import type { HomeserverConfig } from '../config.ts'
import { GONE_SECONDS } from '../processes.ts'
import type { BlobMove } from './placement.ts'
import { sealBucket } from './sealed.ts'
import { blobStoreSettings } from './settings.ts'
import { readMove } from './stores.ts'

const POLL_MS = 500
const LOCK = "hashtextextended('pubky homeserver: move of blobs', 0)"
const LIVE = `seen_at > now() - ${GONE_SECONDS} * interval '1 second'`

export interface MoveOptions {
  config: HomeserverConfig
  source: BlobStoreKind
  pool: Pool
  /** Of the server; null where it is not known. */
  secretKey: Uint8Array | null
  signal: AbortSignal
  tell(text: string): void
  onProgress(moved: { blobs: number; bytes: number }): void
}

/** What prevents a move, in one sentence. */
export class MoveError extends Error {
  override readonly name = 'MoveError'
}

interface Waiting {
  processes: number
  behind: number
  uploads: number
  problems: string[]
}

/** What the servers that live say about a state of the move. */
async function ask(pool: Pool, follows: string): Promise<Waiting> {
  await pool.query("select pg_notify('processes', '')")
  await sleep(POLL_MS / 2)
  const { rows } = await pool.query<Waiting>(
    `select count(*)::int as processes, (count(*) filter (where follows <> $1))::int as behind,
      coalesce(sum(old_uploads), 0)::int as uploads,
      coalesce(array_agg(problem) filter (where problem is not null), '{}') as problems
     from processes where ${LIVE}`,
    [follows],
  )
  return rows[0] ?? { processes: 0, behind: 0, uploads: 0, problems: [] }
}

/** Resolves when every server that lives follows; how many these are. */
async function allFollow({ pool, signal, tell }: MoveOptions, follows: string): Promise<number> {
  let told = ''
  for (;;) {
    signal.throwIfAborted()
    const { processes, behind, problems } = await ask(pool, follows)
    if (problems.length > 0) throw new MoveError(`A server cannot follow: ${problems[0]}.`)
    if (behind === 0) return processes
    const text = `Waiting for ${behind} of ${processes} servers.\n`
    if (text !== told) tell(text)
    told = text
    await sleep(POLL_MS, undefined, { signal })
  }
}

async function putProbe(store: BlobStore, key: string): Promise<void> {
  if (await store.stat(key)) return
  const writer = await store.begin(key)
  await writer.write(Buffer.from('Here blobs are moved.\n'))
  await writer.finish()
}

async function writeMove(pool: Pool, move: BlobMove): Promise<void> {
  const { number, source, target, state, probe, sealed } = move
  await pool.query(
    `insert into blob_moves (number, source, target, state, probe, sealed) values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do update set number = excluded.number, source = excluded.source,
       target = excluded.target, state = excluded.state, probe = excluded.probe, sealed = excluded.sealed`,
    [number, source, target, state, probe, sealed],
  )
}

/** The move that was cut off, or a new one that every server can follow. */
async function begin(o: MoveOptions, stores: readonly BlobStore[]): Promise<BlobMove> {
  const { config, source, pool, secretKey } = o
  const before = await readMove(pool)
  const isSame = before?.source === source && before.target === config.blobStore
  if (before?.state === 'moving') {
    if (isSame) return before
    throw new MoveError(
      `The move from ${before.source} to ${before.target} was begun and has to be finished first.`,
    )
  }
  const { s3 } = blobStoreSettings(config, pool)
  const move: BlobMove = {
    number: String(BigInt(before?.number ?? 0) + 1n),
    source,
    target: config.blobStore,
    state: 'asked',
    probe: `probe-${randomUUID()}`,
    sealed: secretKey && s3.endpoint !== '' ? sealBucket(s3, secretKey) : null,
  }
  for (const store of stores) await putProbe(store, move.probe)
  await writeMove(pool, move)
  try {
    await allFollow(o, `${move.number} asked`)
  } catch (error) {
    // Nobody wrote to the new store yet.
    if (before?.state === 'done') await writeMove(pool, before)
    else await pool.query('delete from blob_moves')
    await pool.query("select pg_notify('processes', '')")
    for (const store of stores) await store.delete([move.probe])
    throw error
  }
  await pool.query("update blob_moves set state = 'moving'")
  return { ...move, state: 'moving' }
}

/** Marks the move as done, unless a server came back that may still write to the old store. */
async function finish(client: PoolClient, follows: string): Promise<boolean> {
  await client.query('begin')
  await client.query('select 1 from blob_moves for update')
  const { rowCount } = await client.query(
    `update blob_moves set state = 'done' where not exists (
       select from processes where ${LIVE} and (follows <> $1 or old_uploads > 0)
     )`,
    [follows],
  )
  await client.query('commit')
  return rowCount === 1
}

async function moveAll(
  o: MoveOptions,
  client: PoolClient,
  [from, to]: readonly [BlobStore, BlobStore],
  move: BlobMove,
) {
  const { pool, signal, tell, onProgress } = o
  const follows = `${move.number} moving`
  const servers = await allFollow(o, follows)
  tell(`${servers} ${servers === 1 ? 'server reads' : 'servers read'} from both stores.\n`)
  const sum = { blobs: 0, bytes: 0 }
  const pass = async () => {
    const { blobs, bytes } = await moveBlobs({
      from,
      to,
      signal,
      onProgress: (moved) =>
        onProgress({ blobs: sum.blobs + moved.blobs, bytes: sum.bytes + moved.bytes }),
    })
    sum.blobs += blobs
    sum.bytes += bytes
  }
  await pass()
  for (;;) {
    signal.throwIfAborted()
    const { behind, uploads } = await ask(pool, follows)
    if (behind === 0 && uploads === 0) {
      // Nothing comes any more: what came until now is taken along.
      await pass()
      if (await finish(client, follows)) return sum
    } else if (uploads > 0) tell(`Waiting for ${uploads} uploads that began before.\n`)
    await sleep(POLL_MS, undefined, { signal })
  }
}

/**
 * Moves all blobs to the store of the settings, while servers go on: first all of them open both stores,
 * then new blobs go to the new one, then what is there is moved. Can be cut off and repeated.
 */
export async function moveStores(o: MoveOptions): Promise<{ blobs: number; bytes: number }> {
  const { config, source, pool } = o
  const settings = blobStoreSettings(config, pool)
  await using from = await openBlobStore(source, settings)
  await using to = await openBlobStore(config.blobStore, settings)
  const client = await pool.connect()
  try {
    const lock = `select pg_try_advisory_lock(${LOCK}) as free`
    const { rows } = await client.query<{ free: boolean }>(lock)
    if (!rows[0]?.free) throw new MoveError('Another move is under way.')
    const move = await begin(o, [from, to])
    const moved = await moveAll(o, client, [from, to], move)
    await allFollow(o, `${move.number} done`)
    for (const store of [from, to]) await store.delete([move.probe])
    await from.reclaim?.({ signal: o.signal, isLeft: true })
    return moved
  } finally {
    // Ends the lock as well.
    client.release(true)
  }
}
