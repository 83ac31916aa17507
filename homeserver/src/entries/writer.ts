import type { StoragePath } from '@pubky/protocol'
import type { BlobStore, Logger } from '@pubky/server-kit'
import pg, { type Pool } from 'pg'

/** A proof that was verified, as it is stored. */
export interface WriteProof {
  timestamp: bigint
  bytes: Uint8Array
}

interface Common {
  userId: string
  path: StoragePath
  proof: WriteProof | null
}

export type Write =
  | (Common & {
      kind: 'PUT'
      hash: Uint8Array
      size: number
      contentType: string
      inline: Buffer | null
      blobKey: string | null
      createOnly: boolean
    })
  | (Common & { kind: 'DEL' })

export type Outcome =
  | { result: 'applied'; eventId: string }
  | { result: 'same' | 'exists' | 'missing' | 'collision' | 'disabled' }
  | { result: 'old_proof'; highest: bigint }

const OUTCOMES = [
  'applied',
  'same',
  'old_proof',
  'exists',
  'missing',
  'collision',
  'disabled',
] as const

interface Pending {
  write: Write
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}

interface Row {
  ord: number
  outcome: number
  event_id: string | null
  proof_ts: string | null
  old_blob: string | null
}

const MAX_BATCH = 256
const MAX_QUEUE = 10_000

const SQL = `select ord, outcome, event_id::text, proof_ts::text, old_blob from commit_writes(
  $1::bigint[], $2::text[], $3::smallint[], $4::bytea[], $5::bigint[], $6::text[], $7::bytea[], $8::text[],
  $9::bigint[], $10::bytea[], $11::boolean[], $12::int[], $13::text[])`

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The paths that would have to be folders for this one to be a file below them. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = []
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1))
    ancestors.push(path.slice(0, at))
  return ancestors
}

export interface Writer extends AsyncDisposable {
  /** Resolves when the write is durable, or was refused; rejects when the database failed. */
  commit(write: Write): Promise<Outcome>
  readonly queued: number
}

/** Parameters of `commit_writes`: one array for each column. */
function columnsOf(writes: readonly Write[]): unknown[] {
  const put = (w: Write) => (w.kind === 'PUT' ? w : null)
  const ancestors = writes.flatMap((w, i) =>
    w.kind === 'PUT' ? ancestorsOf(w.path).map((path) => [i + 1, path] as const) : [],
  )
  return [
    writes.map((w) => w.userId),
    writes.map((w) => w.path),
    writes.map((w) => (w.kind === 'PUT' ? 0 : 1)),
    writes.map((w) => (w.kind === 'PUT' ? buffer(w.hash) : null)),
    writes.map((w) => put(w)?.size ?? null),
    writes.map((w) => put(w)?.contentType ?? null),
    writes.map((w) => put(w)?.inline ?? null),
    writes.map((w) => put(w)?.blobKey ?? null),
    writes.map((w) => (w.proof ? String(w.proof.timestamp) : null)),
    writes.map((w) => (w.proof ? buffer(w.proof.bytes) : null)),
    writes.map((w) => put(w)?.createOnly ?? false),
    ancestors.map(([ord]) => ord),
    ancestors.map(([, path]) => path),
  ]
}

/**
 * The one writer loop of a process (design 3.2). It commits what has arrived, up to 256 writes, in one
 * transaction; at most one write for each path in a batch and none below another, the rest next.
 */
export function createWriter(o: { pool: Pool; blobs: BlobStore; log: Logger }): Writer {
  const { pool, blobs, log } = o
  let queue: Pending[] = []
  let running: Promise<void> | null = null
  let closed = false

  function takeBatch(): Pending[] {
    const batch: Pending[] = []
    const rest: Pending[] = []
    const taken = new Set<string>()
    const folders = new Set<string>()
    for (const pending of queue) {
      const { userId, path } = pending.write
      const name = `${userId}${path}`
      const above = ancestorsOf(path).map((ancestor) => `${userId}${ancestor}`)
      const clashes = taken.has(name) || folders.has(name) || above.some((one) => taken.has(one))
      // What waits must not be overtaken by a later write of the same path.
      taken.add(name)
      if (batch.length >= MAX_BATCH || clashes) {
        rest.push(pending)
        continue
      }
      batch.push(pending)
      for (const one of above) folders.add(one)
    }
    queue = rest
    return batch
  }

  async function commitBatch(batch: readonly Pending[]): Promise<void> {
    const values = columnsOf(batch.map(({ write }) => write))
    const { rows } = await pool.query<Row>({ name: 'commit_writes', text: SQL, values })
    settle(batch, rows)
  }

  function settle(batch: readonly Pending[], rows: readonly Row[]): void {
    const byOrd = new Map(rows.map((row) => [row.ord, row]))
    const unused: string[] = []
    batch.forEach(({ write, resolve }, index) => {
      const row = byOrd.get(index + 1)
      const outcome = toOutcome(row)
      if (row?.old_blob) unused.push(row.old_blob)
      if (outcome.result !== 'applied' && write.kind === 'PUT' && write.blobKey)
        unused.push(write.blobKey)
      resolve(outcome)
    })
    if (unused.length > 0) removeBlobs(unused)
  }

  // A crash before it ends leaves candidates, which the collector takes up.
  function removeBlobs(keys: string[]): void {
    blobs
      .delete(keys)
      .then(() => pool.query('delete from orphan_candidates where blob_key = any($1)', [keys]))
      .catch((error: unknown) => log.warn({ error }, 'old blobs are left to the collector'))
  }

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const batch = takeBatch()
      try {
        await commitBatch(batch)
      } catch (error) {
        await retryApart(batch, error)
      }
    }
    running = null
  }

  /**
   * A batch that the database refused is tried one by one, so that one bad write fails alone. When
   * the connection broke nobody knows whether it was committed, and trying again could do it twice.
   */
  async function retryApart(batch: readonly Pending[], error: unknown): Promise<void> {
    const rolledBack = error instanceof pg.DatabaseError && error.severity === 'ERROR'
    if (batch.length === 1 || !rolledBack) {
      for (const { reject } of batch) reject(error)
      return
    }
    for (const pending of batch) {
      try {
        await commitBatch([pending])
      } catch (cause) {
        pending.reject(cause)
      }
    }
  }

  return {
    commit(write) {
      if (closed || queue.length >= MAX_QUEUE)
        return Promise.reject(new Error('writer is not taking writes'))
      return new Promise((resolve, reject) => {
        queue.push({ write, resolve, reject })
        running ??= Promise.resolve().then(run)
      })
    },
    get queued() {
      return queue.length
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await running
    },
  }
}

function toOutcome(row: Row | undefined): Outcome {
  // No row: the account went away in between.
  const result = row ? (OUTCOMES[row.outcome] ?? 'missing') : 'missing'
  if (result === 'applied') return { result, eventId: row?.event_id ?? '0' }
  if (result === 'old_proof') return { result, highest: BigInt(row?.proof_ts ?? 0) }
  return { result }
}
