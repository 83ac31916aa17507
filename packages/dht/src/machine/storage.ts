import type { MutableItem } from '@pubky/sdk/dht'
import { compareItems } from './order.ts'

/** Outcome of a put, with the error code of BEP44 where it is refused. */
export type PutOutcome = 'stored' | 'same' | 'cas-mismatch' | 'not-more-recent'

export interface StorageLimits {
  maxItems: number
  maxBytes: number
}

/** Key, signature, seq and bookkeeping beside the value, in bytes. */
const ITEM_OVERHEAD = 200

/**
 * The items a node keeps: a set bounded in number and bytes, the least recently used forgotten
 * first. Values are expected verified. Pure: no I/O, no clock.
 */
export function createStorage({ maxItems, maxBytes }: StorageLimits) {
  const items = new Map<string, MutableItem>()
  let bytes = 0

  /** What a put would do, without doing it. */
  function judge(target: string, item: MutableItem, cas: bigint | null): PutOutcome {
    const known = items.get(target)
    if (!known) return 'stored'
    if (cas !== null && known.seq !== cas) return 'cas-mismatch'
    const order = compareItems(item, known)
    if (order === 0) return 'same'
    // Of two values with one seq the greater wins everywhere, so that all nodes end with the same.
    return order > 0 ? 'stored' : 'not-more-recent'
  }

  /** Puts an item; returns the outcome and the items forgotten for want of room. */
  function put(
    target: string,
    item: MutableItem,
    cas: bigint | null,
  ): { outcome: PutOutcome; evicted: MutableItem[] } {
    const outcome = judge(target, item, cas)
    if (outcome === 'stored') {
      forget(target)
      items.set(target, item)
      bytes += item.value.length + ITEM_OVERHEAD
    }
    return { outcome, evicted: outcome === 'stored' ? trim() : [] }
  }

  function get(target: string): MutableItem | null {
    const item = items.get(target)
    if (!item) return null
    items.delete(target)
    items.set(target, item)
    return item
  }

  function forget(target: string): void {
    const known = items.get(target)
    if (!known) return
    items.delete(target)
    bytes -= known.value.length + ITEM_OVERHEAD
  }

  function trim(): MutableItem[] {
    const evicted: MutableItem[] = []
    for (const [target, item] of items) {
      if (items.size <= maxItems && bytes <= maxBytes) break
      forget(target)
      evicted.push(item)
    }
    return evicted
  }

  return { judge, put, get, size: () => items.size, bytes: () => bytes }
}

export type Storage = ReturnType<typeof createStorage>
