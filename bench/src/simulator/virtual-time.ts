/** A clock that stands still while something runs, and calls that are made when it gets there. */
export interface VirtualTime {
  nowMs(): number
  /** Calls after so many virtual milliseconds; returns what takes the call back. */
  after(ms: number, call: () => void): () => void
  /** Runs until nothing is due any more or `until` has settled. */
  run(until?: Promise<unknown>): Promise<void>
}

interface Due {
  atMs: number
  order: number
  call: (() => void) | null
}

/** Lets everything that awaits a settled promise go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

export function createVirtualTime(): VirtualTime {
  const heap: Due[] = []
  let now = 0
  let order = 0

  const isBefore = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

  function push(due: Due): void {
    let at = heap.push(due) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (!parent || !isBefore(due, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = due
  }

  function pop(): Due | undefined {
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = heap[child]
      const right = heap[child + 1]
      if (!left) break
      if (right && isBefore(right, left)) child += 1
      const least = heap[child]
      if (!least || !isBefore(least, last)) break
      heap[at] = least
      at = child
    }
    heap[at] = last
    return first
  }

  return {
    nowMs: () => now,
    after(ms, call) {
      const due: Due = { atMs: now + Math.max(ms, 0), order: order++, call }
      push(due)
      return () => {
        due.call = null
      }
    },
    async run(until) {
      let isOver = false
      until?.then(
        () => {
          isOver = true
        },
        () => {
          isOver = true
        },
      )
      await settle()
      while (!isOver) {
        const due = pop()
        if (!due) return
        if (!due.call) continue
        now = due.atMs
        due.call()
        // Calls of one moment go together; what they cause comes after them.
        while (heap[0] && heap[0].atMs === now) pop()?.call?.()
        await settle()
      }
    },
  }
}
