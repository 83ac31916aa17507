/**
 * Lets `most` in at once and up to `maxWaiting` wait in the order they came; more are turned away, so
 * that whoever asks faster than a node can answer fills no queue and keeps nobody waiting for ever.
 */
export function createGate(most: number, maxWaiting: number) {
  const waiting: (() => void)[] = []
  let inside = 0

  return {
    /** Null when too many wait; else resolves when the caller is in. */
    enter(): Promise<void> | null {
      if (inside < most) {
        inside++
        return Promise.resolve()
      }
      if (waiting.length >= maxWaiting) return null
      return new Promise((resolve) => waiting.push(resolve))
    },
    leave(): void {
      const next = waiting.shift()
      // The place goes to the next one without ever being free.
      if (next) next()
      else inside--
    },
  }
}

export type Gate = ReturnType<typeof createGate>
