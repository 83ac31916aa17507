import { createHash } from 'node:crypto'
import { verifyItem } from '@pubky/protocol'
import type { MutableItem } from '@pubky/sdk/dht'
import { copyOf } from './item-store.ts'
import { createStorage, type PutOutcome } from './machine/storage.ts'

/** What others may leave here, in memory only. */
const LIMITS = { maxItems: 5000, maxBytes: 4 << 20, maxPerOwner: 500 }
/** Signatures being verified at once; more puts than that are dropped. */
const MAX_PENDING = 50

const NOBODY = new Uint8Array()

/** An item that no packet is: salted, or immutable when its key is empty. */
export type Guest = MutableItem

/**
 * Items of BEP44 that PKARR does not use: salted ones and immutable ones. They are kept as a good
 * neighbour does, apart from packets, which they must not push out.
 */
export function createGuests() {
  const storage = createStorage(LIMITS)
  let pending = 0

  async function putSalted(
    item: MutableItem,
    salt: Uint8Array,
    cas: bigint | null,
    owner: string,
  ): Promise<PutOutcome | 'invalid' | 'busy'> {
    const target = createHash('sha1').update(item.key).update(salt).digest('hex')
    const first = storage.judge(target, item, cas)
    if (first === 'cas-mismatch' || first === 'not-more-recent') return first
    if (pending >= MAX_PENDING) return 'busy'
    pending++
    try {
      if (!(await verifyItem(item, salt))) return 'invalid'
      return storage.put(target, copyOf(item), cas, owner).outcome
    } finally {
      pending--
    }
  }

  /** A string lives under the hash of its bencoded form. */
  function putImmutable(value: Uint8Array, owner: string): void {
    const target = createHash('sha1').update(`${value.length}:`).update(value).digest('hex')
    const item = { key: NOBODY, seq: 0n, value: Uint8Array.from(value), sig: NOBODY }
    storage.put(target, item, null, owner)
  }

  return { putSalted, putImmutable, get: (target: string): Guest | null => storage.get(target) }
}

export type Guests = ReturnType<typeof createGuests>
