import type { Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'

/** Other processes hear of new events at most so often, and of none later than this. */
const BESIDE_MS = 5
/** While none is known: only for one that has started just now. */
const ALONE_MS = 500
const FAILED_MS = 1000
/** A connection that is dead without saying so must not keep everything back. */
const PATIENCE_MS = 5000
const ANNOUNCE = {
  name: 'announce',
  text: "select pg_notify('events', $1)",
  query_timeout: PATIENCE_MS,
}

/**
 * Tells other processes how far the log goes. A notice in the transaction of each commit would make all writes dearer,
 * whether anybody listens or not.
 */
export interface Announcer extends AsyncDisposable {
  /** Everything up to this event is committed. */
  announce(newest: bigint): void
}

export function createAnnouncer(o: {
  /** Not one that reads wait for. */
  pool: Pool
  log: Logger
  /** Whether other processes serve this database. */
  isBeside: () => boolean
}): Announcer {
  const { pool, log, isBeside } = o
  /** What was not told yet. */
  let untold: bigint | null = null
  let nextMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> | null = null
  let isClosed = false

  async function tell(newest: bigint): Promise<void> {
    try {
      await pool.query({ ...ANNOUNCE, values: [String(newest)] })
    } catch (error) {
      log.debug({ error }, 'new events were not announced')
      // Meanwhile the others look by themselves.
      untold ??= newest
      nextMs = performance.now() + FAILED_MS
    }
    telling = null
    if (!isClosed) plan()
  }

  function tellNow(): void {
    timer = undefined
    const newest = untold
    if (newest === null) return
    untold = null
    nextMs = performance.now() + (isBeside() ? BESIDE_MS : ALONE_MS)
    telling = tell(newest)
  }

  function plan(): void {
    if (untold === null || timer || telling) return
    const waitMs = nextMs - performance.now()
    if (waitMs <= 0) tellNow()
    else timer = setTimeout(tellNow, waitMs).unref()
  }

  return {
    announce(newest) {
      if (isClosed) return
      if (untold === null || newest > untold) untold = newest
      plan()
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(timer)
      await telling
      tellNow()
      await telling
    },
  }
}
