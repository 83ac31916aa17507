import { createBackoff } from './backoff.ts'
import { isOutage } from './errors.ts'

const TRIES = 8
const RETRY_FIRST_MS = 200
const RETRY_MAX_MS = 5_000

/** Repeats what failed by an outage, as often as is reasonable; refusals pass at once. */
export async function insist<T>(
  attempt: () => Promise<T>,
  { signal, tries = TRIES }: { signal?: AbortSignal | undefined; tries?: number } = {},
): Promise<T> {
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  for (let n = 1; ; n += 1) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      if (!isOutage(error) || n === tries) throw error
      await backoff.wait(signal, (error.retryAfterSeconds ?? 0) * 1000)
    }
  }
}

/** Does something with every item, so many at a time; the first failure ends it. */
export async function eachAtOnce<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  let failed = false
  async function worker(): Promise<void> {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      try {
        await work(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: width }, worker))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
