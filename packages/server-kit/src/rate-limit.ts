export type RateVerdict = { ok: true } | { ok: false; retryAfterSeconds: number }

export interface RateLimiter {
  take(key: string, count?: number): RateVerdict
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
}): RateLimiter {
  const { capacity, refillPerSecond, maxKeys = 20_000, nowMs = () => performance.now() } = o
  const buckets = new Map<string, Bucket>()
  return {
    take(key, count = 1) {
      const now = nowMs()
      const bucket = buckets.get(key) ?? { tokens: capacity, at: now }
      buckets.delete(key)
      const refill = ((now - bucket.at) / 1000) * refillPerSecond
      const tokens = Math.min(capacity, bucket.tokens + refill)
      const ok = tokens >= count
      buckets.set(key, { tokens: ok ? tokens - count : tokens, at: now })
      if (buckets.size > maxKeys) {
        const oldest = buckets.keys().next()
        if (!oldest.done) buckets.delete(oldest.value)
      }
      if (ok) return { ok }
      return { ok, retryAfterSeconds: Math.max(1, Math.ceil((count - tokens) / refillPerSecond)) }
    },
  }
}
