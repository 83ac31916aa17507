import { describe, expect, it } from 'vitest'
import { createRateLimiter } from './rate-limit.ts'

describe('createRateLimiter', () => {
  it('lets a burst through, then refuses and says when to come back', () => {
    let now = 0
    const limiter = createRateLimiter({ capacity: 2, refillPerSecond: 0.5, nowMs: () => now })
    expect([limiter.take('a').ok, limiter.take('a').ok]).toEqual([true, true])
    expect(limiter.take('a')).toEqual({ ok: false, retryAfterSeconds: 2 })
    expect(limiter.take('b').ok).toBe(true)
    now = 2000
    expect(limiter.take('a').ok).toBe(true)
    expect(limiter.take('a').ok).toBe(false)
  })

  it('counts what others let through, and what that was too much is waited for', () => {
    let now = 0
    const limiter = createRateLimiter({ capacity: 2, refillPerSecond: 1, nowMs: () => now })
    limiter.take('a')
    limiter.spend('a', 3)
    expect(limiter.take('a')).toEqual({ ok: false, retryAfterSeconds: 3 })
    limiter.spend('b', 1)
    expect([limiter.take('b').ok, limiter.take('b').ok]).toEqual([true, false])
    now = 3000
    expect([limiter.take('a').ok, limiter.take('a').ok]).toEqual([true, false])
  })

  it('does not fill a bucket above its capacity', () => {
    let now = 0
    const limiter = createRateLimiter({ capacity: 1, refillPerSecond: 10, nowMs: () => now })
    limiter.take('a')
    now = 3_600_000
    expect([limiter.take('a').ok, limiter.take('a').ok]).toEqual([true, false])
  })

  it('forgets the key unused for longest when there are too many', () => {
    const limiter = createRateLimiter({
      capacity: 1,
      refillPerSecond: 0.001,
      maxKeys: 2,
      nowMs: () => 0,
    })
    for (const key of ['a', 'b', 'c']) limiter.take(key)
    expect([limiter.take('c').ok, limiter.take('b').ok, limiter.take('a').ok]).toEqual([
      false,
      false,
      true,
    ])
  })
})
