import { type Journal, type Projection, runProjection, type WatcherLog } from '@pubky/indexer'

/**
 * Keeps projections up to date with the journal, each at its own pace, until the signal fires. One
 * that fails tries again and holds up no other (design 3.4).
 */
export async function runProjections(
  journal: Journal,
  projections: readonly Projection[],
  o: {
    signal: AbortSignal
    log: WatcherLog
    onApplied?: (projection: Projection, position: bigint) => void
  },
): Promise<void> {
  const { signal, log, onApplied } = o
  await Promise.all(
    projections.map((projection) =>
      runProjection(journal, projection, {
        signal,
        log,
        onApplied: (position) => onApplied?.(projection, position),
      }),
    ),
  )
}
