import { createBackoff } from './backoff.ts'
import type { WatcherLog } from './follow-host.ts'
import type { Journal } from './journal.ts'
import type { Projection } from './projection.ts'

const BATCH = 500
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 30_000

/** Feeds a projection from the journal until the signal fires; a failure is tried again. */
export async function runProjection(
  journal: Journal,
  projection: Projection,
  o: { signal: AbortSignal; log: WatcherLog; onApplied?: (position: bigint) => void },
): Promise<void> {
  const { signal } = o
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  while (!signal.aborted) {
    try {
      for await (const _ of journal.wake({ signal })) {
        const position = await catchUp(journal, projection, signal)
        o.onApplied?.(position)
        backoff.reset()
      }
      return
    } catch (err) {
      if (signal.aborted) return
      o.log.warn({ projection: projection.name, err }, 'a projection stumbled')
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
  let position = await projection.position()
  for (;;) {
    signal?.throwIfAborted()
    const entries = await journal.read(position, BATCH)
    const last = entries.at(-1)
    if (!last) return position
    await projection.apply(entries, signal ? { signal } : {})
    position = last.position
  }
}
