/** Look-ups whose neighbourhoods are remembered. */
const MAX_SAMPLES = 31
/** Ids are compared by so many of their first bytes, which is as much as a number holds. */
const BYTES = 6
const SPACE = 2 ** (8 * BYTES)

/** spec/discovery.md 7. */
export interface SizeEstimate {
  nodes: number
  deviation: number
}

/** The XOR distance of two ids as a share of the whole space, from 0 to 1. */
export function distanceShare(a: Uint8Array, b: Uint8Array): number {
  let value = 0
  for (let at = 0; at < BYTES; at++) value = value * 256 + ((a[at] ?? 0) ^ (b[at] ?? 0))
  return value / SPACE
}

/**
 * Guesses how many nodes there are from how close the nodes around random places lie. By it a
 * look-up knows how far the k closest nodes ought to reach; where they lie much closer, somebody has
 * gathered around a key.
 */
export function createNetworkSize() {
  const samples = new Map<string, number>()

  function median(): number | null {
    const sorted = [...samples.values()].sort((a, b) => a - b)
    // Of two in the middle the smaller network: attackers can only make it look larger.
    return sorted[(sorted.length - 1) >> 1] ?? null
  }

  return {
    /** The k-th closest node around a place is so far away, as a share of the space. */
    sample(place: string, k: number, share: number): void {
      if (share <= 0) return
      samples.delete(place)
      samples.set(place, k / share)
      const oldest = samples.keys().next()
      if (samples.size > MAX_SAMPLES && !oldest.done) samples.delete(oldest.value)
    },
    /** Share of the space in which k nodes are to be expected; 0 while nothing is known. */
    radius(k: number): number {
      const size = median()
      return size === null ? 0 : Math.min(k / size, 1)
    },
    /** How many nodes there seem to be, and the share by which that is often wrong; null at first. */
    estimate(): SizeEstimate | null {
      const size = median()
      if (size === null) return null
      return { nodes: Math.round(size), deviation: 0.281 * samples.size ** -0.529 }
    },
  }
}

export type NetworkSize = ReturnType<typeof createNetworkSize>
