import { createBackoff, pause } from './backoff.ts'
import type { WatcherLog } from './follow-host.ts'
import type { Journal } from './journal.ts'
import type { Projection } from './projection.ts'

const BATCH = 500
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 30_000

export interface RunOptions {
  signal: AbortSignal
  log: WatcherLog
  /**
   * Lets so much time pass after news before it reads, so that what comes together is applied
   * together and leaves the way free for projections that must be quick.
   */
  gatherMs?: number
  /**
   * Batches begin at least so long after each other: what is alone does not wait, and when many write at
   * once larger batches leave time over.
   */
  apartMs?: number
}

/** What a projection needs of the journal. */
export type ReadableJournal = Pick<Journal, 'read' | 'next' | 'wake'>

/** Feeds a projection from the journal until the signal fires; a failure is tried again. */
export async function runProjection(
  journal: ReadableJournal,
  projection: Projection,
  { signal, log, gatherMs = 0, apartMs = 0 }: RunOptions,
): Promise<void> {
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  let beganAt = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    try {
      let position = await projection.position()
      for await (const head of journal.wake({ signal })) {
        if (head !== null && head <= position) continue
        const waitMs = Math.max(gatherMs, apartMs - (performance.now() - beganAt))
        if (head !== null && waitMs > 0) await pause(waitMs, signal)
        beganAt = performance.now()
        position = await advance(journal, projection, { from: position, head, signal })
        backoff.reset()
      }
      return
    } catch (err) {
      if (signal.aborted) return
      log.warn({ projection: projection.name, err }, 'a projection stumbled')
      await backoff.wait(signal)
    }
  }
}

/** Applies everything that is in the journal. Resolves to the position reached. */
export async function catchUp(
  journal: Journal,
  projection: Projection,
  signal?: AbortSignal,
): Promise<bigint> {
  return advance(journal, projection, { from: await projection.position(), head: null, signal })
}

/** Applies what comes after `from`, at least up to `head`; without a head up to the end. */
async function advance(
  journal: Pick<Journal, 'read' | 'next'>,
  projection: Projection,
  o: { from: bigint; head: bigint | null; signal: AbortSignal | undefined },
): Promise<bigint> {
  const { head, signal } = o
  let position = o.from
  while (head === null || position < head) {
    signal?.throwIfAborted()
    const entries = await (head === null ? journal.read : journal.next)(position, BATCH)
    const last = entries.at(-1)
    if (!last) break
    await projection.apply(entries, { after: position, ...(signal && { signal }) })
    position = last.position
  }
  return position
}
