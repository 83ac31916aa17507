const MAX_KEPT = 2000

/**
 * Contacts that do not answer. One is given up only when it has been silent for a while, asked again
 * and again: a moment's overload, ours or theirs, must not empty a routing table.
 */
export function createFailing(o: { afterMs: number; nowMs: () => number }) {
  const since = new Map<string, number>()

  return {
    /** Whether it is time to forget this one. */
    failed(id: string): boolean {
      const now = o.nowMs()
      const first = since.get(id)
      if (first === undefined) {
        since.set(id, now)
        const oldest = since.keys().next()
        if (since.size > MAX_KEPT && !oldest.done) since.delete(oldest.value)
        return false
      }
      if (now - first < o.afterMs) return false
      since.delete(id)
      return true
    },
    answered: (id: string): void => void since.delete(id),
  }
}
