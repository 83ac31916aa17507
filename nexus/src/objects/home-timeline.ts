import type { HomeEntry } from '@pubky/indexer'
import type { PublicKeyZ32 } from '@pubky/protocol'

/** What is used of a HOME entry. */
export type HomeRecordEntry = Pick<HomeEntry, 'host' | 'recordMicros' | 'receivedAtMs' | 'policy'>

interface Epoch {
  host: PublicKeyZ32 | null
  /** Milliseconds from which on this was the owner's home, as this journal learnt it. */
  from: number
}

/** Where an owner's data lived, when. A function of the set of the owner's HOME entries. */
export interface HomeTimeline {
  readonly epochs: readonly Epoch[]
  /**
   * The epoch of an entry: the one of its host at the time it was received; for an entry that came
   * before its HOME, the next one of that host. Null when the host is not the owner's home: then
   * the entry has no effect (design 3, the law of state).
   */
  epochOf(host: PublicKeyZ32, receivedAtMs: number): number | null
  /** Receive time of the first record that names a host; null when none does. */
  readonly knownSince: number | null
}

export function homeTimeline(entries: readonly HomeRecordEntry[]): HomeTimeline {
  const epochs: Epoch[] = []
  let lastMicros: bigint | null = null
  for (const entry of [...entries].sort(byRecord)) {
    const last = epochs.at(-1)
    if (entry.recordMicros === lastMicros) continue
    lastMicros = entry.recordMicros
    if (last?.host === entry.host) continue
    epochs.push({ host: entry.host, from: Math.max(last?.from ?? 0, entry.receivedAtMs) })
  }

  function epochOf(host: PublicKeyZ32, receivedAtMs: number): number | null {
    for (let index = epochs.length - 1; index >= 0; index--) {
      const epoch = epochs[index]
      if (epoch?.host !== host || epoch.from > receivedAtMs) continue
      // In the millisecond of a move both homes are believed.
      const end = epochs[index + 1]?.from ?? Number.POSITIVE_INFINITY
      if (receivedAtMs <= end) return index
    }
    const next = epochs.findIndex((epoch) => epoch.host === host && epoch.from > receivedAtMs)
    return next < 0 ? null : next
  }

  const knownSince = epochs.find((epoch) => epoch.host !== null)?.from ?? null
  return { epochs, epochOf, knownSince }
}

/** The policy that the newest record mirrors; null for none. */
export function mirroredPolicy(entries: readonly HomeRecordEntry[]): Uint8Array | null {
  return [...entries].sort(byRecord).at(-1)?.policy ?? null
}

function byRecord(a: HomeRecordEntry, b: HomeRecordEntry): number {
  if (a.recordMicros !== b.recordMicros) return a.recordMicros < b.recordMicros ? -1 : 1
  return (a.host ?? '') < (b.host ?? '') ? -1 : 1
}
