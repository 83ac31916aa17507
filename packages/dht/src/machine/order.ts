import type { MutableItem } from '@pubky/sdk/dht'

type Versioned = Pick<MutableItem, 'seq' | 'value'>

/** Above zero when `a` is more recent: later seq, then greater bytes (spec/discovery.md 1.6). */
export function compareItems(a: Versioned, b: Versioned): number {
  if (a.seq !== b.seq) return a.seq > b.seq ? 1 : -1
  return Buffer.compare(a.value, b.value)
}

/** Whether two items are the same byte for byte, signature included. */
export function isSameItem(a: MutableItem, b: MutableItem): boolean {
  return (
    a.seq === b.seq && Buffer.compare(a.value, b.value) === 0 && Buffer.compare(a.sig, b.sig) === 0
  )
}
