/** Waits, doubling from `firstMs` to `maxMs` with jitter; `reset` after a success. */
export function createBackoff(firstMs: number, maxMs: number) {
  let next = firstMs

  return {
    reset(): void {
      next = firstMs
    },
    async wait(signal?: AbortSignal, atLeastMs = 0): Promise<void> {
      const ms = Math.max(atLeastMs, next * (0.5 + Math.random() / 2))
      next = Math.min(maxMs, next * 2)
      await sleep(ms, signal)
    },
  }
}

/** Resolves after so many milliseconds; rejects with the reason of `signal`. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
