import type { MutableItem } from '@pubky/sdk/dht'
import { compareItems, isSameItem } from './order.ts'

/** Keeps the newest of the verified items of one look-up and counts how many nodes agree on it. */
export function createNewest(newerThan: bigint | null) {
  let best: MutableItem | null = null
  let agreed = 0

  return {
    /** Whether an item is worth verifying: newer than asked for and not older than the best. */
    isRelevant(item: MutableItem): boolean {
      if (newerThan !== null && item.seq <= newerThan) return false
      return best === null || compareItems(item, best) >= 0
    },
    /** Whether it is the best again, which needs no second verification. */
    isBest: (item: MutableItem): boolean => best !== null && isSameItem(item, best),
    /** Takes a verified item in; true when it is a new best. */
    offer(item: MutableItem): boolean {
      const order = best === null ? 1 : compareItems(item, best)
      if (order < 0) return false
      if (order === 0) {
        agreed++
        return false
      }
      best = item
      agreed = 1
      return true
    },
    best: () => best,
    agreed: () => agreed,
  }
}
