import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { type BlobStore, type Logger, ServiceError } from '@pubky/server-kit'
import pg, { type Pool, type PoolClient } from 'pg'
import { refusals } from '../errors.ts'
import { MAX_CONTENT_BYTES, type Told } from '../events/contents.ts'
import type { Alone } from './alone.ts'
import {
  ancestorsOf,
  type Committed,
  commitWrites,
  type Outcome,
  type Row,
  rowOf,
  type Write,
} from './commit.ts'

interface Pending {
  write: Write
  row: Row
  /** What it must not share a batch with: its name, and those above it. */
  name: string
  above: readonly string[]
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}

interface Committing {
  again: readonly Pending[]
  answer(): void
}

const MAX_BATCH = 256
const MAX_QUEUE = 4096
/** Bodies of waiting writes are held in memory. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024
/** Another process that is alone makes way at once, or when its term ends. */
const MAKE_WAY_MS = 10
const MAX_WAIT_MS = 5000
const NOT_ALONE = 'PM002'
const IDLE_MS = 10_000
/** How long a batch waits for writes that are about to be there. */
const GATHER_MS = 1

export interface Writer extends AsyncDisposable {
  /**
   * Resolves when the write is durable, or was refused. Rejects with `overloaded` when too many wait, with
   * `outcome_unknown` when the database went away.
   */
  commit(write: Write): Promise<Outcome>
  readonly queued: number
}

/** Otherwise the connection is of no use any more, and tells so later only. */
function isRolledBack(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR'
}

function isRefusedBeside(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === NOT_ALONE
}

function heldBytes({ write }: Pending): number {
  return write.kind === 'PUT' ? (write.inline?.length ?? 0) : 0
}

/** The events of writes that were applied; none when the owner of one is not known. */
function toldOf(writes: readonly Write[], { outcomes, newest }: Committed): Told[] {
  const applied = writes.filter((_, index) => outcomes[index]?.result === 'applied')
  const told: Told[] = []
  let id = newest - BigInt(applied.length)
  for (const write of applied) {
    const { kind, owner: user, path, proof } = write
    if (user === undefined) return []
    id += 1n
    const hash = kind === 'PUT' ? asBuffer(write.hash) : null
    const event = { id, kind, user, path, hash, proof: proof && asBuffer(proof.bytes) }
    told.push({ event, content: contentOf(write), isWithheld: false })
  }
  return told
}

function contentOf(write: Write): Buffer | null {
  const isTold = write.kind === 'PUT' && write.path.startsWith('/pub/')
  if (!isTold || !write.inline || write.inline.length > MAX_CONTENT_BYTES) return null
  return asBuffer(write.inline)
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/**
 * The one writer loop of a process (design 3.2). It commits what has arrived, up to 256 writes, in one
 * transaction; at most one write for each path in a batch and none below another, the rest next.
 */
export function createWriter(o: {
  pool: Pool
  blobs: BlobStore
  log: Logger
  /** Bytes that an account without a limit of its own may store. */
  defaultQuota?: number | null
  alone: Pick<Alone, 'process' | 'breakOther'>
  /** How many signatures of writes are being verified. */
  coming?: () => number
  /**
   * Called before a commit; what it returns is told what was committed, in the order of the log and
   * without gaps, and the newest event; nothing and null when it failed.
   */
  onCommit?: (
    writes: readonly Write[],
  ) => (told: () => readonly Told[], newest: bigint | null) => void
}): Writer {
  const { pool, blobs, log, defaultQuota = null, alone, coming = () => 0, onCommit } = o
  let queue: Pending[] = []
  let queuedBytes = 0
  let running: Promise<void> | null = null
  const cleaning = new Set<Promise<unknown>>()
  let closed = false
  let connection: PoolClient | null = null
  let letGo: (isBroken: boolean) => void = () => {}
  let idle: NodeJS.Timeout | undefined

  /** One of its own is written to at once; a pool takes a turn first. */
  async function connect(): Promise<PoolClient> {
    const client = await pool.connect()
    const onError = (error: Error) => {
      log.warn({ error: error.message }, 'the connection of commits is lost')
      letGo(true)
    }
    client.on('error', onError)
    letGo = (isBroken) => {
      if (connection !== client) return
      connection = null
      // The pool listens to its errors from here on.
      client.release(isBroken)
      client.off('error', onError)
    }
    connection = client
    return client
  }

  function takeBatch(): Pending[] {
    const batch: Pending[] = []
    const rest: Pending[] = []
    const taken = new Set<string>()
    const folders = new Set<string>()
    for (const pending of queue) {
      const { name, above } = pending
      const clashes = taken.has(name) || folders.has(name) || above.some((one) => taken.has(one))
      // What waits must not be overtaken by a later write of the same path.
      taken.add(name)
      for (const one of above) folders.add(one)
      if (batch.length >= MAX_BATCH || clashes) rest.push(pending)
      else batch.push(pending)
    }
    queue = rest
    queuedBytes = rest.reduce((sum, pending) => sum + heldBytes(pending), 0)
    return batch
  }

  async function commitAndTell(batch: readonly Pending[]): Promise<Committed> {
    const writes = batch.map(({ write }) => write)
    const tell = onCommit?.(writes)
    let committed: Committed | null = null
    try {
      committed = await commitBeside(batch.map(({ row }) => row))
      return committed
    } finally {
      tell?.(() => (committed ? toldOf(writes, committed) : []), committed?.newest ?? null)
    }
  }

  /** Commits, when need be after another process has made way. */
  async function commitBeside(rows: readonly Row[]): Promise<Committed> {
    const sinceMs = performance.now()
    for (;;) {
      try {
        const client = connection ?? (await connect())
        return await commitWrites(client, rows, { defaultQuota, process: alone.process })
      } catch (error) {
        if (!isRolledBack(error)) letGo(true)
        if (!isRefusedBeside(error)) throw error
        if (performance.now() - sinceMs > MAX_WAIT_MS) throw refusals.overloaded()
        await alone.breakOther()
        await sleep(MAKE_WAY_MS)
      }
    }
  }

  /** Returns writes that may fit after all, once they are tried alone, and what tells the others. */
  async function commitBatch(batch: readonly Pending[]): Promise<Committing> {
    const { outcomes, replaced } = await commitAndTell(batch)
    const unused = [...replaced]
    const again: Pending[] = []
    const answers: (() => void)[] = []
    batch.forEach((pending, index) => {
      const { write, resolve } = pending
      const outcome = outcomes[index] ?? { result: 'missing', highest: 0n }
      if (outcome.result === 'over_quota' && batch.length > 1) {
        again.push(pending)
        return
      }
      if (outcome.result !== 'applied' && write.kind === 'PUT' && write.blobKey)
        unused.push(write.blobKey)
      answers.push(() => resolve(outcome))
    })
    if (unused.length > 0) removeBlobs(unused)
    return {
      again,
      answer() {
        for (const tell of answers) tell()
      },
    }
  }

  async function commitAlone(pending: Pending): Promise<void> {
    try {
      const { answer } = await commitBatch([pending])
      answer()
    } catch (error) {
      await retryApart([pending], error)
    }
  }

  // A crash before it ends leaves candidates, which the collector takes up.
  function removeBlobs(keys: string[]): void {
    const work = blobs
      .delete(keys)
      .then(() => pool.query('delete from orphan_candidates where blob_key = any($1)', [keys]))
      .catch((error: unknown) => log.warn({ error }, 'old blobs are left to the collector'))
      .finally(() => cleaning.delete(work))
    cleaning.add(work)
  }

  /** Waiting for more than half would bring all writers to the same place: verifying, then all in the database. */
  function isSmall(): boolean {
    return queue.length < Math.min(coming(), MAX_BATCH)
  }

  /** Larger batches cost less for each write. */
  async function gather(): Promise<void> {
    const untilMs = performance.now() + GATHER_MS
    while (isSmall() && performance.now() < untilMs) await turn()
  }

  /**
   * The database is given the next batch before the last one is answered, which takes as long as a commit.
   * Answering twice does nothing.
   */
  async function run(): Promise<void> {
    let answer = () => {}
    clearTimeout(idle)
    while (queue.length > 0) {
      if (isSmall()) {
        answer()
        await gather()
      }
      const batch = takeBatch()
      const committing = commitBatch(batch)
      answer()
      try {
        const { again, ...committed } = await committing
        answer = committed.answer
        if (again.length > 0) answer()
        for (const pending of again) await commitAlone(pending)
      } catch (error) {
        await retryApart(batch, error)
      }
    }
    running = null
    // As the pool does with others: one that is quiet for long may break unseen.
    idle = setTimeout(() => letGo(false), IDLE_MS).unref()
    answer()
  }

  /**
   * A batch that the database refused is tried one by one, so that one bad write fails alone. When
   * the connection broke nobody knows whether it was committed, and trying again could do it twice.
   */
  async function retryApart(batch: readonly Pending[], error: unknown): Promise<void> {
    if (error instanceof ServiceError) {
      for (const { reject } of batch) reject(error)
      return
    }
    if (!isRolledBack(error)) {
      log.error({ error }, 'the database did not answer a commit')
      for (const { reject } of batch) reject(refusals.outcomeUnknown())
      return
    }
    if (batch.length === 1) {
      for (const { reject } of batch) reject(error)
      return
    }
    for (const pending of batch) await commitAlone(pending)
  }

  return {
    commit(write) {
      if (closed || queue.length >= MAX_QUEUE || queuedBytes >= MAX_QUEUED_BYTES)
        return Promise.reject(refusals.overloaded())
      return new Promise((resolve, reject) => {
        const name = `${write.userId}${write.path}`
        const ancestors = ancestorsOf(write.path)
        const above = ancestors.map((path) => `${write.userId}${path}`)
        const row = rowOf(write, ancestors)
        const pending = { write, row, name, above, resolve, reject }
        queue.push(pending)
        queuedBytes += heldBytes(pending)
        running ??= Promise.resolve().then(run)
      })
    },
    get queued() {
      return queue.length
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await running
      await Promise.all(cleaning)
      clearTimeout(idle)
      letGo(false)
    },
  }
}
