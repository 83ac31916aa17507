import { pause } from './backoff.ts'

/** Holds back a reader that takes more than `perSecond` for longer than ten seconds. */
export function createPace(perSecond: number) {
  const capacity = perSecond * 10
  let tokens = capacity
  let at = performance.now()

  return {
    async take(count: number, signal: AbortSignal): Promise<void> {
      const now = performance.now()
      tokens = Math.min(capacity, tokens + ((now - at) / 1_000) * perSecond) - count
      at = now
      if (tokens < 0) await pause((-tokens / perSecond) * 1_000, signal)
    },
  }
}
