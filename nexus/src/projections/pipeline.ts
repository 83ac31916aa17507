import { setImmediate as turn } from 'node:timers/promises'
import { RELAXED } from '@pubky/server-kit'
import type { Pool, PoolClient } from 'pg'

export type Tx = Pick<PoolClient, 'query'>

/**
 * Statements look up what they name by its key, however large tables are; a plan that is kept must not
 * be one for a table that was small when it was made.
 */
const BEGIN = `${RELAXED}; set local enable_seqscan = off; set local enable_hashjoin = off;
  set local enable_mergejoin = off`

/** What a transaction came to, and its last statements, whose answers come with that of the commit. */
export interface Done<T> {
  value: T
  pending: readonly Promise<unknown>[]
}

/**
 * Runs `work` in a relaxed transaction in as few round trips as it has questions: nothing waits for
 * the answer to `begin`, and `commit` goes out with the last writes. After a failure nothing more is
 * sent but a rollback.
 */
export async function pipelined<T>(pool: Pool, work: (tx: Tx) => Promise<Done<T>>): Promise<T> {
  const client = await pool.connect()
  const tx = guarded(client)
  let broken: Error | undefined
  try {
    const begun = tx.query(BEGIN)
    begun.catch(() => {})
    const { value, pending } = await work(tx)
    // A statement that the client itself refuses says so now; the database would not know of it.
    await (client.pipeline ? turn() : Promise.all(pending))
    await Promise.all([begun, ...pending, tx.query('commit')])
    return value
  } catch (error) {
    const first = tx.close(error)
    try {
      await client.query('rollback')
    } catch (cause) {
      broken = cause instanceof Error ? cause : new Error('rollback failed')
    }
    throw first
  } finally {
    tx.close(new Error('the transaction is over'))
    client.release(broken)
  }
}

interface Guarded extends Tx {
  /** Gives back why it was closed first: what fails after a failure only says that one did. */
  close(reason: unknown): unknown
}

/** A connection that sends nothing more once a statement has failed, nor when it is closed. */
function guarded(client: PoolClient): Guarded {
  let closed: { reason: unknown } | null = null
  let last: Promise<unknown> = Promise.resolve()
  const close = (reason: unknown) => {
    closed ??= { reason }
    return closed.reason
  }
  const send = async (text: string, values?: unknown[]) => {
    if (closed) throw closed.reason
    return client.query(text, values)
  }
  const query = (text: string, values?: unknown[]) => {
    // An unpipelined client must not be given a statement while it waits for an answer.
    const answer = client.pipeline ? send(text, values) : last.then(() => send(text, values))
    last = answer.catch(close)
    return answer
  }
  return { query, close } as Guarded
}
