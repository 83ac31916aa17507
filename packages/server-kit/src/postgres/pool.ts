import { Socket } from 'node:net'
import pg from 'pg'
import type { Logger } from '../logger.ts'

/** Rows of 8-byte integers come as text; ids are opaque text or are turned into bigint by the reader. */
export interface PoolOptions {
  max?: number
  /** Shown in pg_stat_activity. */
  name?: string
  statementTimeoutMs?: number
  /** Statements given without waiting are sent at once and answered in order. */
  pipeline?: boolean
  log?: Logger
}

/** Sends what is written within one turn in one piece: a system call costs more than a statement. */
function gatheringSocket(): Socket {
  const socket = new Socket()
  const write = socket.write.bind(socket)
  let isGathering = false
  const gather = (...args: Parameters<typeof write>) => {
    if (!isGathering) {
      isGathering = true
      socket.cork()
      process.nextTick(() => {
        isGathering = false
        socket.uncork()
      })
    }
    return write(...args)
  }
  socket.write = gather as typeof write
  return socket
}

export function createPool(url: string, o: PoolOptions = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: o.max ?? 10,
    application_name: o.name ?? 'pubky',
    statement_timeout: o.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    ...(o.pipeline && { pipeline: true, stream: gatheringSocket }),
  })
  // An idle connection that breaks is replaced at the next query.
  pool.on('error', (error) => o.log?.warn({ error: error.message }, 'idle connection lost'))
  return pool
}

/**
 * A transaction that a crash of the database may take back, as long as it takes back everything that
 * came after it too: for what is computed from durable rows of the same database.
 */
export const RELAXED = 'begin; set local synchronous_commit = off'

/** Runs `work` in a transaction that is rolled back when it throws. */
export async function withTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin: 'begin' | typeof RELAXED = 'begin',
): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    try {
      await client.query('rollback')
    } catch (cause) {
      broken = cause instanceof Error ? cause : new Error('rollback failed')
    }
    throw error
  } finally {
    client.release(broken)
  }
}
