import type { Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'

/** Other processes hear of new events at most so often, and of none later than this. */
const BESIDE_MS = 5
/** While none is known: only for one that has started just now. */
const ALONE_MS = 500

/** Tells other processes how far the log goes. A notice with every commit would cost a sixth of all writes. */
export interface Announcer extends AsyncDisposable {
  /** Everything up to this event is committed. */
  announce(newest: bigint): void
}

export function createAnnouncer(o: {
  pool: Pool
  log: Logger
  /** Whether other processes serve this database. */
  isBeside: () => boolean
}): Announcer {
  const { pool, log, isBeside } = o
  /** What was not told yet. */
  let untold: bigint | null = null
  let toldMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> | null = null

  async function tell(newest: bigint): Promise<void> {
    try {
      const values = [String(newest)]
      await pool.query({ name: 'announce', text: "select pg_notify('events', $1)", values })
    } catch (error) {
      // They look by themselves, too, only later.
      log.debug({ error }, 'new events were not announced')
    }
    telling = null
    plan()
  }

  function tellNow(): void {
    timer = undefined
    const newest = untold
    if (newest === null) return
    untold = null
    toldMs = performance.now()
    telling = tell(newest)
  }

  function plan(): void {
    if (untold === null || timer || telling) return
    const waitMs = toldMs + (isBeside() ? BESIDE_MS : ALONE_MS) - performance.now()
    if (waitMs <= 0) tellNow()
    else timer = setTimeout(tellNow, waitMs).unref()
  }

  return {
    announce(newest) {
      if (untold === null || newest > untold) untold = newest
      plan()
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer)
      await telling
      clearTimeout(timer)
      tellNow()
      await telling
    },
  }
}
