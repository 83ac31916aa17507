import { PubkyError } from '../errors.ts'
import { ACTION_PREFIX, fromPairs, keysOf, type Pair, toPair } from './records.ts'
import type { OutboxAction, OutboxStorage } from './types.ts'

const MAX_ACTIONS = 1000
const MAX_BYTES = 256 * 1024 * 1024

const sizeOf = (action: OutboxAction): number =>
  action.writes.reduce((sum, write) => sum + write.size, 0)

/** The actions in memory, and how they get into the storage and out of it. */
export function createQueue(storage: OutboxStorage) {
  const actions = new Map<string, OutboxAction>()
  let list: readonly OutboxAction[] | null = null
  let nextSeq = 1

  /** In the order of `seq`; the same array until something changes. */
  function snapshot(): readonly OutboxAction[] {
    list ??= [...actions.values()].sort((a, b) => a.seq - b.seq)
    return list
  }

  function keep(action: OutboxAction): void {
    actions.set(action.id, action)
    nextSeq = Math.max(nextSeq, action.seq + 1)
    list = null
  }

  function drop(action: OutboxAction): void {
    actions.delete(action.id)
    list = null
  }

  return {
    snapshot,
    keep,
    drop,
    get: (id: string): OutboxAction | undefined => actions.get(id),
    nextSeq: (): number => nextSeq,
    async load(): Promise<void> {
      for (const action of fromPairs(await storage.list(ACTION_PREFIX))) keep(action)
    },
    async save(action: OutboxAction): Promise<void> {
      await storage.write({ set: [toPair(action)], delete: [] })
      keep(action)
    },
    async remove(action: OutboxAction): Promise<void> {
      await storage.write({ set: [], delete: keysOf(action) })
      drop(action)
    },
    /** One action comes and others go, all or nothing. */
    async replace(
      removed: readonly OutboxAction[],
      added: OutboxAction | null,
      bodies: readonly Pair[],
    ): Promise<void> {
      const set = added ? [toPair(added), ...bodies] : []
      await storage.write({ set, delete: removed.flatMap(keysOf) })
    },
    /** Throws `outbox_full` or `bad_request`. */
    checkRoom(action: OutboxAction): void {
      if (actions.has(action.id)) throw new PubkyError('bad_request', { detail: 'the id is taken' })
      const used = snapshot().reduce((sum, one) => sum + sizeOf(one), 0)
      if (actions.size >= MAX_ACTIONS || used + sizeOf(action) > MAX_BYTES)
        throw new PubkyError('outbox_full')
    },
    /** Whether nobody waits behind it on one of its paths. */
    isLastOnItsPaths(action: OutboxAction): boolean {
      const paths = new Set(action.writes.map(({ path }) => path))
      return snapshot().every(
        (one) =>
          one.seq <= action.seq ||
          one.state !== 'waiting' ||
          !one.writes.some(({ path }) => paths.has(path)),
      )
    },
  }
}
