/** Weights of a new sample in the mean and in the deviation (RFC 6298 2). */
const MEAN_SHARE = 1 / 8
const DEVIATION_SHARE = 1 / 4

/**
 * How long an answer is worth waiting for, learnt from those that came. A node that takes longer is
 * not given up: its answer still counts, but nobody waits for it.
 */
export function createRoundTrips(o: { leastMs: number; mostMs: number }) {
  let mean: number | null = null
  let deviation = 0

  return {
    sample(ms: number): void {
      if (mean === null) {
        mean = ms
        deviation = ms / 2
        return
      }
      deviation += DEVIATION_SHARE * (Math.abs(mean - ms) - deviation)
      mean += MEAN_SHARE * (ms - mean)
    },
    /** Milliseconds. Before anything was learnt a good part of the whole time. */
    patience(): number {
      const wanted = mean === null ? o.mostMs / 2 : mean + 4 * deviation
      return Math.min(Math.max(wanted, o.leastMs), o.mostMs)
    },
  }
}

export type RoundTrips = ReturnType<typeof createRoundTrips>
