/** Lets so many in at once; the others wait in the order they came. */
export function createGate(most: number) {
  const waiting: (() => void)[] = []
  let inside = 0

  return {
    enter(): Promise<void> {
      if (inside < most) {
        inside++
        return Promise.resolve()
      }
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
