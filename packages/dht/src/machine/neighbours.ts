import type { Contact } from '../contact.ts'

const MAX_AGE_MICROS = 5n * 60n * 1_000_000n
const MAX_TARGETS = 1000

export type Writable = Contact & { token: Uint8Array }

/** The closest nodes of recent look-ups with their tokens, so that a put needs no look-up again. */
export function createNeighbours(clock: () => bigint) {
  const recent = new Map<string, { at: bigint; nodes: readonly Writable[] }>()

  return {
    keep(target: string, nodes: readonly Writable[]): void {
      recent.delete(target)
      recent.set(target, { at: clock(), nodes })
      if (recent.size <= MAX_TARGETS) return
      const oldest = recent.keys().next()
      if (!oldest.done) recent.delete(oldest.value)
    },
    /** Null when there was no look-up within five minutes. */
    of(target: string): readonly Writable[] | null {
      const found = recent.get(target)
      return found && clock() - found.at < MAX_AGE_MICROS ? found.nodes : null
    },
    forget: (target: string): void => void recent.delete(target),
  }
}
