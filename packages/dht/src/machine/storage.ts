import type { MutableItem } from '@pubky/sdk/dht'
import { compareItems } from './order.ts'

/** Outcome of a put, with the error code of BEP44 where it is refused. */
export type PutOutcome = 'stored' | 'same' | 'cas-mismatch' | 'not-more-recent'

export interface StorageLimits {
  maxItems: number
  maxBytes: number
  /** Items that one address may have left here; beyond them its own oldest goes. */
  maxPerOwner?: number
}

interface Kept {
  item: MutableItem
  /** The address that left it, null for this node itself. */
  owner: string | null
}

/** Key, signature, seq and bookkeeping beside the value, in bytes. */
const ITEM_OVERHEAD = 200

/**
 * The items a node keeps: a set bounded in number and bytes, the least recently used forgotten
 * first, and bounded for each address that leaves them, so that nobody pushes out what others have
 * left. Values are expected verified. Pure: no I/O, no clock.
 */
export function createStorage({ maxItems, maxBytes, maxPerOwner = maxItems }: StorageLimits) {
  const items = new Map<string, Kept>()
  const byOwner = new Map<string, Set<string>>()
  let bytes = 0

  /** What a put would do, without doing it. */
  function judge(target: string, item: MutableItem, cas: bigint | null): PutOutcome {
    const known = items.get(target)?.item
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
    owner: string | null = null,
  ): { outcome: PutOutcome; evicted: MutableItem[] } {
    const outcome = judge(target, item, cas)
    if (outcome !== 'stored') return { outcome, evicted: [] }
    forget(target)
    items.set(target, { item, owner })
    bytes += weightOf(item)
    const own = owner === null ? null : setOf(owner)
    own?.add(target)
    return { outcome, evicted: [...trimOwn(own), ...trim()] }
  }

  function setOf(owner: string): Set<string> {
    const known = byOwner.get(owner)
    if (known) return known
    const fresh = new Set<string>()
    byOwner.set(owner, fresh)
    return fresh
  }

  function get(target: string): MutableItem | null {
    const kept = items.get(target)
    if (!kept) return null
    items.delete(target)
    items.set(target, kept)
    return kept.item
  }

  function forget(target: string): MutableItem | null {
    const known = items.get(target)
    if (!known) return null
    items.delete(target)
    bytes -= weightOf(known.item)
    if (known.owner === null) return known.item
    const own = byOwner.get(known.owner)
    own?.delete(target)
    if (own?.size === 0) byOwner.delete(known.owner)
    return known.item
  }

  function trimOwn(own: ReadonlySet<string> | null): MutableItem[] {
    if (!own || own.size <= maxPerOwner) return []
    const [oldest] = own
    const evicted = oldest === undefined ? null : forget(oldest)
    return evicted ? [evicted] : []
  }

  function trim(): MutableItem[] {
    const evicted: MutableItem[] = []
    for (const [target, { item }] of items) {
      if (items.size <= maxItems && bytes <= maxBytes) break
      forget(target)
      evicted.push(item)
    }
    return evicted
  }

  return { judge, put, get, size: () => items.size, bytes: () => bytes }
}

export type Storage = ReturnType<typeof createStorage>

function weightOf({ value }: MutableItem): number {
  return value.length + ITEM_OVERHEAD
}
