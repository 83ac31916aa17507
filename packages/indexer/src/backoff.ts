/** Waits that double from `firstMs` to `maxMs`, with jitter. */
export function createBackoff(firstMs: number, maxMs: number) {
  let next = firstMs

  return {
    reset(): void {
      next = firstMs
    },
    async wait(signal: AbortSignal, atLeastMs = 0): Promise<void> {
      const ms = Math.max(atLeastMs, next * (0.5 + Math.random() / 2))
      next = Math.min(maxMs, next * 2)
      await pause(ms, signal)
    },
  }
}

/** Resolves after so many ms or when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}
