/** A token bucket: `rate` per second, at most `burst` at once. */
export interface BucketLimit {
  readonly rate: number
  readonly burst: number
}

/** One bucket per key; keys that have not been seen longest are forgotten. Times in microseconds. */
export function createBuckets({ rate, burst }: BucketLimit, maxKeys: number) {
  const buckets = new Map<string, { tokens: number; at: bigint }>()

  function take(key: string, now: bigint): boolean {
    const known = buckets.get(key)
    const elapsed = known ? Math.max(0, Number(now - known.at)) / 1e6 : 0
    const tokens = known ? Math.min(burst, known.tokens + elapsed * rate) : burst
    const allowed = tokens >= 1
    buckets.delete(key)
    buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now })
    if (buckets.size > maxKeys) {
      const oldest = buckets.keys().next()
      if (!oldest.done) buckets.delete(oldest.value)
    }
    return allowed
  }

  return { take, size: () => buckets.size }
}
