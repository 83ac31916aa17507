import type { JournalEntry, NewObjectEntry } from './entries.ts'
import { asBuffer, rowBytes } from './rows.ts'

const MAX_ENTRIES = 1_024
const MAX_BYTES = 8 * 1024 * 1024

/**
 * The newest entries, as this process wrote them: readers that keep up do not ask the database for
 * what was just in memory, and all of them get the very same objects.
 */
export function createTail(o: { maxEntries?: number; maxBytes?: number } = {}) {
  const { maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES } = o
  let entries: JournalEntry[] = []
  let bytes = 0
  /** Position of the last one. */
  let end = 0n

  /** Takes what was committed with positions up to `head`. */
  function add(committed: readonly NewObjectEntry[], head: bigint): void {
    const before = head - BigInt(committed.length)
    // Somebody else committed first and is heard of later; or has been in between.
    if (before < end) return
    if (before > end) clear()
    committed.forEach((entry, index) => {
      entries.push(asRead(entry, before + BigInt(index) + 1n))
      bytes += rowBytes(entry)
    })
    end = head
    let gone = 0
    while (entries.length - gone > maxEntries || bytes > maxBytes) {
      const first = entries[gone]
      if (!first) break
      if ('body' in first) bytes -= rowBytes(first)
      gone += 1
    }
    if (gone > 0) entries.splice(0, gone)
  }

  function clear(): void {
    entries = []
    bytes = 0
  }

  /** Entries above `after` without a gap; null when the database has to be asked. */
  function after(position: bigint, limit: number): JournalEntry[] | null {
    const first = entries[0]
    if (!first || position + 1n < first.position || position >= end) return null
    const from = Number(position + 1n - first.position)
    return entries.slice(from, from + limit)
  }

  return { add, after, clear }
}

/** The entry as the driver of the database would give it. */
function asRead(entry: NewObjectEntry, position: bigint): JournalEntry {
  const { hash, proof, body } = entry
  return {
    ...entry,
    position,
    hash: asBuffer(hash),
    proof: asBuffer(proof),
    body: body?.at === 'row' ? { at: 'row', bytes: asBuffer(body.bytes) ?? body.bytes } : body,
  }
}
