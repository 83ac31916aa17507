/** Lets so many run at once of what is asked; the rest waits, in the order of asking. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

export function createTurns(max: number): InTurn {
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

  return async (work) => {
    if (running < max) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      release()
    }
  }
}
