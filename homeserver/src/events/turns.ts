/** Lets so many run at once of what is asked; the rest waits, in the order of asking. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

export function createTurns(max: number): InTurn {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < max) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
