import { randomUUID } from 'node:crypto'
import type { Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'

/** For so long the database lets nobody else commit. */
const TERM_MS = 2000
/** Counted from before the term began, so that it ends sooner whatever the clocks do. */
const TRUST_MS = 1500
/** A term is lengthened when less than this of it is left, and somebody reads. */
const RENEW_MS = 700
/** After another process wanted to write. */
const REST_MS = 60_000
const RETRY_MS = 5000

export const ALONE_CHANNEL = 'alone'

export interface Alone extends AsyncDisposable {
  /** By this name the process commits. */
  readonly process: string
  /** Whether nobody but this process has committed a change since `catchUp`, nor can now. */
  holds(): boolean
  /**
   * Call when somebody reads: lengthens the term when it nears its end, or tries to get one, unless that was tried
   * just now. `catchUp` tells whether all changes so far are known.
   */
  claim(catchUp: () => Promise<boolean>): void
  /** Ends it until all is known again: what became of a commit is not known. */
  doubt(): void
  /** Makes way for another process. */
  onNotice(by: string): void
  /** Asks another process to make way. */
  breakOther(): Promise<void>
}

/**
 * A process that serves a database alone need not ask it whether another one wrote. Being alone is a term
 * that the database grants and that other writers respect; it is lengthened while somebody reads. For
 * processes beside each other it would be in the way: `mayClaim` tells whether to try at all.
 */
export function createAlone(o: {
  pool: Pool
  log: Logger
  mayClaim: () => boolean
  restMs?: number
}): Alone {
  const { pool, log, mayClaim, restMs = REST_MS } = o
  const process = randomUUID()
  let until = 0
  let untilDate = 0
  let retryAt = 0
  let isAsking = false
  /** Raised when what is known may have gaps. */
  let doubts = 0

  async function ask(): Promise<'new' | 'kept' | null> {
    const { rows } = await pool.query<{ term: 'new' | 'kept' | null }>({
      name: 'claim_alone',
      text: `select claim_alone($1, $2 * interval '1 ms', $3 * interval '1 ms') as term`,
      values: [process, TERM_MS, restMs],
    })
    return rows[0]?.term ?? null
  }

  /** By both clocks: a machine that was put to sleep knows of it by one of them only. */
  const now = () => ({ ms: performance.now(), date: Date.now() })

  function trustFrom({ ms, date }: ReturnType<typeof now>): void {
    until = ms + TRUST_MS
    untilDate = date + TRUST_MS
  }

  async function claim(catchUp: () => Promise<boolean>): Promise<void> {
    const asked = now()
    const asOf = doubts
    const term = await ask()
    const isKnown = term !== null && (await catchUp())
    if (isKnown && asOf === doubts) trustFrom(asked)
    else retryAt = performance.now() + (term === null ? RETRY_MS : 0)
  }

  async function renew(): Promise<void> {
    const asked = now()
    const asOf = doubts
    const term = await ask()
    // Where it had ended, somebody may have written in between: it must be claimed anew.
    if (term === 'kept' && asOf === doubts) trustFrom(asked)
  }

  function once(work: () => Promise<void>): void {
    if (isAsking || performance.now() < retryAt || !mayClaim()) return
    isAsking = true
    work()
      .catch((error: unknown) => {
        retryAt = performance.now() + RETRY_MS
        log.debug({ error }, 'the database did not grant to be alone')
      })
      .finally(() => {
        isAsking = false
      })
  }

  /** Lets others commit before the term is over. */
  async function end(): Promise<void> {
    try {
      await pool.query('update alone set until = clock_timestamp() where process = $1', [process])
    } catch (error) {
      log.debug({ error }, 'the term ends by itself')
    }
  }

  function doubt(): void {
    doubts += 1
    until = 0
  }

  return {
    process,
    holds: () => performance.now() < until && Date.now() < untilDate,
    claim(catchUp) {
      const leftMs = until - performance.now()
      if (leftMs < RENEW_MS) once(leftMs > 0 ? renew : () => claim(catchUp))
    },
    doubt,
    onNotice(by) {
      if (by === process) return
      doubt()
      retryAt = performance.now() + restMs
      void end()
    },
    async breakOther() {
      await pool.query('select break_alone($1)', [process])
    },
    async [Symbol.asyncDispose]() {
      retryAt = Number.POSITIVE_INFINITY
      doubt()
      await end()
    },
  }
}
