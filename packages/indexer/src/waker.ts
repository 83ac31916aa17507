/** A safety net below NOTIFY, in ms. */
const POLL_MS = 1_000

/** Wakes any number of readers; a call of `wake` while a reader is busy is not lost. */
export function createWaker(pollMs: number = POLL_MS) {
  let count = 0
  let closed = false
  const sleepers = new Set<() => void>()

  function wake(): void {
    count += 1
    for (const rouse of [...sleepers]) rouse()
  }

  function close(): void {
    closed = true
    wake()
  }

  function sleep(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const rouse = () => {
        clearTimeout(timer)
        sleepers.delete(rouse)
        signal?.removeEventListener('abort', rouse)
        resolve()
      }
      const timer = setTimeout(rouse, pollMs)
      sleepers.add(rouse)
      signal?.addEventListener('abort', rouse, { once: true })
    })
  }

  /**
   * Yields at once, after each `wake`, and each `pollMs`; ends with the signal or `close`. True after
   * a call of `wake`.
   */
  async function* wakes(signal?: AbortSignal): AsyncGenerator<boolean> {
    let seen = -1
    while (!closed && !signal?.aborted) {
      if (seen === count) await sleep(signal)
      if (closed || signal?.aborted) return
      const isCalled = seen >= 0 && seen !== count
      seen = count
      yield isCalled
    }
  }

  return { wake, wakes, close }
}
