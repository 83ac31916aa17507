import { randomBytes } from 'node:crypto'

/** Where an entry lies in a file. */
export interface Place {
  at: number
  length: number
}

/** Of a key's 32 bytes so many tell keys apart: finding two alike takes 2^64 tries. */
const KEY_WORDS = 4
const FIRST_CAPACITY = 1024
const NONE = 0xffff_ffff

function wordsOf(key: Uint8Array): DataView {
  return new DataView(key.buffer, key.byteOffset, key.byteLength)
}

/** What the arrays take for each entry that they have room for. */
const ENTRY_BYTES = KEY_WORDS * 4 + 8 + 2 + 8 + 8

/**
 * Places by key in the order in which they were last used, in plain arrays: a `Map` of texts and objects takes
 * four times the memory, and the collector looks at each of them again and again.
 */
export function createPlaceIndex() {
  let capacity = 0
  let keys = new Uint32Array(0)
  let offsets = new Float64Array(0)
  let lengths = new Uint16Array(0)
  let older = new Uint32Array(0)
  let newer = new Uint32Array(0)
  /** Open addressing, at most half full. */
  let slots = new Uint32Array(0)
  let free = NONE
  let used = 0
  let size = 0
  let oldest = NONE
  let newest = NONE
  // Nobody can choose keys that fall together.
  const seed = randomBytes(4).readUInt32LE() | 1

  function slotOf(key: DataView): number {
    let hash = seed
    for (let word = 0; word < KEY_WORDS; word += 1) {
      hash = Math.imul(hash ^ key.getUint32(word * 4), 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    return (hash >>> 0) & (slots.length - 1)
  }

  function isAt(entry: number, key: DataView): boolean {
    for (let word = 0; word < KEY_WORDS; word += 1)
      if (keys[entry * KEY_WORDS + word] !== key.getUint32(word * 4)) return false
    return true
  }

  /** The slot of a key, or the free one where it would lie. */
  function probe(key: DataView): number {
    for (let slot = slotOf(key); ; slot = (slot + 1) & (slots.length - 1)) {
      const entry = slots[slot] ?? NONE
      if (entry === NONE || isAt(entry, key)) return slot
    }
  }

  function keyAt(entry: number): DataView {
    const bytes = new DataView(new ArrayBuffer(KEY_WORDS * 4))
    for (let word = 0; word < KEY_WORDS; word += 1)
      bytes.setUint32(word * 4, keys[entry * KEY_WORDS + word] ?? 0)
    return bytes
  }

  function grow(): void {
    capacity = Math.max(FIRST_CAPACITY, capacity * 2)
    const copied = <T extends Uint32Array | Uint16Array | Float64Array>(into: T, from: T): T => {
      into.set(from)
      return into
    }
    keys = copied(new Uint32Array(capacity * KEY_WORDS), keys)
    offsets = copied(new Float64Array(capacity), offsets)
    lengths = copied(new Uint16Array(capacity), lengths)
    older = copied(new Uint32Array(capacity), older)
    newer = copied(new Uint32Array(capacity), newer)
    slots = new Uint32Array(capacity * 2).fill(NONE)
    for (let entry = oldest; entry !== NONE; entry = newer[entry] ?? NONE)
      slots[probe(keyAt(entry))] = entry
  }

  function unlink(entry: number): void {
    const [before, after] = [older[entry] ?? NONE, newer[entry] ?? NONE]
    if (before === NONE) oldest = after
    else newer[before] = after
    if (after === NONE) newest = before
    else older[after] = before
  }

  function link(entry: number): void {
    older[entry] = newest
    newer[entry] = NONE
    if (newest === NONE) oldest = entry
    else newer[newest] = entry
    newest = entry
  }

  /** Moves what would no longer be found over the gap. */
  function closeGap(gap: number): void {
    const mask = slots.length - 1
    slots[gap] = NONE
    for (let slot = (gap + 1) & mask; slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const entry = slots[slot] ?? NONE
      slots[slot] = NONE
      slots[probe(keyAt(entry))] = entry
    }
  }

  function placeAt(entry: number): Place {
    return { at: offsets[entry] ?? 0, length: lengths[entry] ?? 0 }
  }

  function removeAt(slot: number): Place | null {
    const entry = slots[slot] ?? NONE
    if (entry === NONE) return null
    closeGap(slot)
    unlink(entry)
    newer[entry] = free
    free = entry
    size -= 1
    return placeAt(entry)
  }

  return {
    get size(): number {
      return size
    },
    /** Of memory. */
    get bytes(): number {
      return capacity * ENTRY_BYTES
    },
    get(key: Uint8Array): Place | null {
      if (size === 0) return null
      const entry = slots[probe(wordsOf(key))] ?? NONE
      return entry === NONE ? null : placeAt(entry)
    },
    /** Makes the entry of a key the newest, where there is one. */
    touch(key: Uint8Array): void {
      if (size === 0) return
      const entry = slots[probe(wordsOf(key))] ?? NONE
      if (entry === NONE || entry === newest) return
      unlink(entry)
      link(entry)
    },
    /** As the newest; the key must not be there. */
    add(key: Uint8Array, { at, length }: Place): void {
      if (free === NONE && used === capacity) grow()
      const entry = free === NONE ? used : free
      if (free === NONE) used += 1
      else free = newer[entry] ?? NONE
      const words = wordsOf(key)
      for (let word = 0; word < KEY_WORDS; word += 1)
        keys[entry * KEY_WORDS + word] = words.getUint32(word * 4)
      offsets[entry] = at
      lengths[entry] = length
      slots[probe(words)] = entry
      link(entry)
      size += 1
    },
    /** Where it was, or null. */
    remove: (key: Uint8Array): Place | null => (size === 0 ? null : removeAt(probe(wordsOf(key)))),
    removeOldest: (): Place | null => (size === 0 ? null : removeAt(probe(keyAt(oldest)))),
    /**
     * Visits every place, oldest first; `visit` gives where the entry lies from now on, which holds when
     * the returned function is called. Meanwhile entries may go, but none may be added.
     */
    async rewrite(visit: (place: Place) => Promise<number>): Promise<() => void> {
      const entries = new Uint32Array(size)
      for (let entry = oldest, at = 0; entry !== NONE; entry = newer[entry] ?? NONE, at += 1)
        entries[at] = entry
      const moved = new Float64Array(entries.length)
      for (const [at, entry] of entries.entries()) moved[at] = await visit(placeAt(entry))
      return () => {
        for (const [at, entry] of entries.entries()) offsets[entry] = moved[at] ?? 0
      }
    },
  }
}
