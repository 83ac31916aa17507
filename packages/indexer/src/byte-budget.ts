import type { PublicKeyZ32 } from '@pubky/protocol'
import { createRateLimiter } from '@pubky/server-kit'
import { pause } from './backoff.ts'

const DAY_SECONDS = 86_400
const LOOK_MS = 1_000

/**
 * How many bytes are taken of each host: those of a day at once, later as many as come back with time.
 * Whoever has used them up is waited for, so that nothing is left out.
 */
export function createByteBudget(o: {
  bytesPerDay: number
  nowMs: () => number
  onWait: (host: PublicKeyZ32) => void
}) {
  const limiter = createRateLimiter({
    capacity: o.bytesPerDay,
    refillPerSecond: o.bytesPerDay / DAY_SECONDS,
    nowMs: o.nowMs,
  })

  return {
    spend(host: PublicKeyZ32, bytes: number): void {
      limiter.spend(host, bytes)
    },
    /** Resolves when something may be taken; how much it is shows later. */
    async wait(host: PublicKeyZ32, signal?: AbortSignal): Promise<void> {
      if (limiter.take(host, 0).ok) return
      o.onWait(host)
      while (!limiter.take(host, 0).ok && !signal?.aborted) await pause(LOOK_MS, signal)
      signal?.throwIfAborted()
    },
  }
}

export type ByteBudget = ReturnType<typeof createByteBudget>
