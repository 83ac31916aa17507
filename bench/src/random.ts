/** Numbers that are the same for the same seed. */
export interface Random {
  /** From 0 to 1. */
  next(): number
  below(n: number): number
  pick<T>(items: readonly T[]): T | undefined
  bytes(n: number): Uint8Array
  shuffle<T>(items: readonly T[]): T[]
}

/** mulberry32: small, and good enough to choose what to do next. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    next,
    below,
    pick: (items) => items[below(items.length)],
    bytes: (n) => Uint8Array.from({ length: n }, () => below(256)),
    shuffle(items) {
      const left = [...items]
      return items.flatMap(() => left.splice(below(left.length), 1))
    },
  }
}
