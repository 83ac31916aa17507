export type RateVerdict = { ok: true } | { ok: false; retryAfterSeconds: number }

export interface RateLimiter {
  take(key: string, count?: number): RateVerdict
}

export interface SharedRateLimiter extends RateLimiter {
  /** Counts what others have let through, also where there was no room for it. */
  spend(key: string, count: number): void
}

interface Bucket {
  tokens: number
  at: number
}

/**
 * Token buckets by key. When `maxKeys` are in use the one unused for longest is forgotten, which
 * lets its owner start with a full bucket: memory is bounded, not fairness.
 */
export function createRateLimiter(o: {
  capacity: number
  refillPerSecond: number
  maxKeys?: number
  nowMs?: () => number
}): SharedRateLimiter {
  const { capacity, refillPerSecond, maxKeys = 20_000, nowMs = () => performance.now() } = o
  const buckets = new Map<string, Bucket>()

  function tokensAt(key: string, now: number): number {
    const bucket = buckets.get(key) ?? { tokens: capacity, at: now }
    const refill = ((now - bucket.at) / 1000) * refillPerSecond
    return Math.min(capacity, bucket.tokens + refill)
  }

  function keep(key: string, bucket: Bucket): void {
    buckets.delete(key)
    buckets.set(key, bucket)
    if (buckets.size <= maxKeys) return
    const oldest = buckets.keys().next()
    if (!oldest.done) buckets.delete(oldest.value)
  }

  return {
    take(key, count = 1) {
      const now = nowMs()
      const tokens = tokensAt(key, now)
      const ok = tokens >= count
      keep(key, { tokens: ok ? tokens - count : tokens, at: now })
      if (ok) return { ok }
      return { ok, retryAfterSeconds: Math.max(1, Math.ceil((count - tokens) / refillPerSecond)) }
    },
    spend(key, count) {
      const now = nowMs()
      keep(key, { tokens: tokensAt(key, now) - count, at: now })
    },
  }
}
