/** Lets so many tasks run at a time; the others wait in order. */
export function createGate(size: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let head = 0
  let running = 0

  function release(): void {
    const next = waiting[head]
    if (!next) {
      running -= 1
      return
    }
    head += 1
    if (head === waiting.length) {
      waiting.length = 0
      head = 0
    }
    next()
  }

  return async (task) => {
    if (running < size) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      release()
    }
  }
}
