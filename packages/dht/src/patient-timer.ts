/** A timer that is so much too late was held up by this process, not by the network. */
const HELD_UP_MS = 20
const MAX_TRIES = 4

/**
 * Calls after `ms`, but not before answers that have arrived meanwhile were read: a busy process
 * must not take its own slowness for that of others.
 */
export function after(ms: number, call: () => void): () => void {
  let isCancelled = false
  let timer: NodeJS.Timeout
  const arm = (left: number) => {
    const dueMs = performance.now() + ms
    timer = setTimeout(() => {
      if (left > 0 && performance.now() - dueMs > HELD_UP_MS) {
        arm(left - 1)
        return
      }
      // Datagrams are read between timers and this.
      setImmediate(() => {
        if (!isCancelled) call()
      })
    }, ms)
  }
  arm(MAX_TRIES)
  return () => {
    isCancelled = true
    clearTimeout(timer)
  }
}
