import { foldEntry, type ObjectState } from './fold.ts'
import type { HomeTimeline } from './home-timeline.ts'
import type { Judged } from './judge.ts'
import type { KeyRules } from './key-rules.ts'
import { kindOfPath } from './kind-of-path.ts'

/**
 * The state of one path from all its entries, given in any order. Entries at or before `purgedAt`
 * count for nothing but the times of their proofs.
 */
export function replayPath(
  history: readonly Judged[],
  timeline: HomeTimeline,
  purgedAt: bigint,
  rules: KeyRules,
): ObjectState | null {
  const ordered = history
    .flatMap((judged) => {
      const { host, receivedAtMs } = judged.entry
      const epoch = timeline.epochOf(host, receivedAtMs)
      return epoch === null ? [] : [{ epoch, judged }]
    })
    .sort((a, b) => a.epoch - b.epoch || compareIds(a.judged, b.judged))
  let state: ObjectState | null = null
  for (const { epoch, judged } of ordered) {
    const kind = kindOfPath(judged.entry.path)
    if (kind === null) continue
    const isPurged = judged.entry.position <= purgedAt
    const seen: Judged = isPurged ? { ...judged, counts: 'none', doc: null } : judged
    state = foldEntry(state, epoch, seen, kind, rules)
  }
  return state
}

function compareIds(a: Judged, b: Judged): number {
  const x = BigInt(a.entry.eventId)
  const y = BigInt(b.entry.eventId)
  return x < y ? -1 : x > y ? 1 : 0
}
