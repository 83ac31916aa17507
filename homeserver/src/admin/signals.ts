import { LRUCache } from 'lru-cache'

const KINDS = ['rate_limited', 'admin_password', 'sign_in', 'quota'] as const
export type SignalKind = (typeof KINDS)[number]

export interface Signal {
  kind: SignalKind
  /** An address, or the key of an account. */
  key: string
  count: number
  lastMs: number
}

/** Refusals that tell of abuse or of a limit that is too tight, as this process saw them. */
export interface Signals {
  /** Without a key it is only counted: of a client that went away no address is known. */
  note(kind: SignalKind, key: string | undefined): void
  /** The most frequent of the last hour. */
  top(limit: number): Signal[]
  totals(): Record<SignalKind, number>
}

const MAX_SIGNALS = 2000
const REMEMBERED_MS = 3_600_000

export function createSignals(nowMs: () => number): Signals {
  const seen = new LRUCache<string, Signal>({ max: MAX_SIGNALS })
  const totals = { rate_limited: 0, admin_password: 0, sign_in: 0, quota: 0 }
  return {
    note(kind, key) {
      totals[kind] += 1
      if (key === undefined) return
      const name = `${kind} ${key}`
      const known = seen.get(name)
      const isRecent = known && nowMs() - known.lastMs < REMEMBERED_MS
      seen.set(name, { kind, key, count: isRecent ? known.count + 1 : 1, lastMs: nowMs() })
    },
    top(limit) {
      const after = nowMs() - REMEMBERED_MS
      return [...seen.values()]
        .filter(({ lastMs }) => lastMs > after)
        .sort((a, b) => b.count - a.count || b.lastMs - a.lastMs)
        .slice(0, limit)
    },
    totals: () => ({ ...totals }),
  }
}
