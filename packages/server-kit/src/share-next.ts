/** Runs `work` so that each caller's run begins after its call: who comes while one runs shares the next. */
export function shareNext(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  return function shared(): Promise<void> {
    if (running === null) {
      running = work().finally(() => {
        running = null
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null
        return shared()
      })
    return next
  }
}
