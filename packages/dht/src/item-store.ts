import { createHash } from 'node:crypto'
import { verifyItem } from '@pubky/protocol'
import type { MutableItem } from '@pubky/sdk/dht'
import { type ItemLog, openItemLog } from './disk/item-log.ts'
import { createStorage, type PutOutcome, type StorageLimits } from './machine/storage.ts'

/** Signatures being verified at once for strangers; more puts than that are dropped. */
const MAX_PENDING = 200

/** The items of a node: the storage machine in memory, its log on disk when there is a folder. */
export async function openItemStore(o: {
  file: string | null
  limits: StorageLimits
  clock: () => bigint
}) {
  const storage = createStorage(o.limits)
  const log: ItemLog | null = o.file
    ? await openItemLog({
        file: o.file,
        maxItems: o.limits.maxItems,
        onEntry: ({ item }) => void storage.put(targetOf(item.key), item, null),
      })
    : null
  let pending = 0

  /**
   * Judges, verifies and keeps an item that `owner` has left; resolves when it is durable. `invalid` for a wrong
   * signature, `busy` when too many wait. Rejects when the disk fails.
   */
  async function put(
    item: MutableItem,
    cas: bigint | null,
    owner: string | null,
  ): Promise<PutOutcome | 'invalid' | 'busy'> {
    const target = targetOf(item.key)
    const first = storage.judge(target, item, cas)
    if (first === 'cas-mismatch' || first === 'not-more-recent') return first
    if (pending >= MAX_PENDING) return 'busy'
    pending++
    try {
      if (!(await verifyItem(item))) return 'invalid'
      return await keep(target, item, cas, owner)
    } finally {
      pending--
    }
  }

  async function keep(
    target: string,
    item: MutableItem,
    cas: bigint | null,
    owner: string | null,
  ): Promise<PutOutcome> {
    // Judged again: others may have been stored while this one was verified.
    const { outcome, evicted } = storage.put(target, copyOf(item), cas, owner)
    for (const { key } of evicted) log?.drop(key)
    if (outcome === 'stored') await log?.put(item, o.clock())
    return outcome
  }

  return {
    put,
    get: storage.get,
    size: storage.size,
    close: async (): Promise<void> => log?.close(),
  }
}

export type ItemStore = Awaited<ReturnType<typeof openItemStore>>

/** SHA-1 of the key, in hex: where an item without salt lives (BEP44). */
export function targetOf(key: Uint8Array): string {
  return createHash('sha1').update(key).digest('hex')
}

/** Items arrive as views on a datagram, which must not be kept alive by them. */
export function copyOf({ key, seq, value, sig }: MutableItem): MutableItem {
  return {
    key: Uint8Array.from(key),
    seq,
    value: Uint8Array.from(value),
    sig: Uint8Array.from(sig),
  }
}
