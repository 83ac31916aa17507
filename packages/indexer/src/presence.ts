import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { pause } from './backoff.ts'

/** 'nexs' in ASCII: the first half of the keys of these locks, apart from that of the journal. */
const PRESENCE = 0x6e657873
const AGAIN_MS = 1_000

/** Whether nobody holds the lock of the holder in `column`: its process is gone. */
export const isGone = (column: string) => `not exists (
  select from pg_locks
  where locktype = 'advisory' and classid = ${PRESENCE} and objid = hashtext(${column})::oid
    and objsubid = 2 and database = (select oid from pg_database where datname = current_database())
)`

/**
 * A name under which this process holds leases, and a lock that lives as long as a connection of the
 * process. The database gives it up the moment the process dies, so that nobody has to wait for a
 * lease to run out. While the connection is replaced others may take the leases: what is appended
 * under a lost one is refused.
 */
export function createPresence(pool: Pool) {
  const holder = randomUUID()

  /** A connection with the lock; null when there is none to be had at the moment. */
  async function take(): Promise<{ lost: Promise<void>; letGo(): void } | null> {
    const client = await pool.connect().catch(() => null)
    if (!client) return null
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve())
      client.on('end', () => resolve())
    })
    const letGo = () => client.release(true)
    try {
      await client.query('select pg_advisory_lock($1, hashtext($2))', [PRESENCE, holder])
      return { lost, letGo }
    } catch {
      letGo()
      return null
    }
  }

  /** Holds the lock until the signal fires; `onHeld` is called each time it was taken. */
  async function hold(signal: AbortSignal, onHeld: () => void): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    while (!signal.aborted) {
      const held = await take()
      if (!held) {
        await pause(AGAIN_MS, signal)
        continue
      }
      onHeld()
      await Promise.race([held.lost, aborted])
      held.letGo()
    }
  }

  return { holder, hold }
}
