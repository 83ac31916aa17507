/** A timer that is so much too late was held up by this process, not by the network. */
const HELD_UP_MS = 20

/**
 * Calls after `ms`, but not before answers that have arrived meanwhile were read: a busy process
 * must not take its own slowness for that of others.
 */
export function after(ms: number, call: () => void): () => void {
  let isCancelled = false
  let timer: NodeJS.Timeout
  const arm = (isLast: boolean) => {
    const dueMs = performance.now() + ms
    timer = setTimeout(() => {
      if (!isLast && performance.now() - dueMs > HELD_UP_MS) {
        arm(true)
        return
      }
      // Datagrams are read between timers and this.
      setImmediate(() => {
        if (!isCancelled) call()
      })
    }, ms)
  }
  arm(false)
  return () => {
    isCancelled = true
    clearTimeout(timer)
  }
}
