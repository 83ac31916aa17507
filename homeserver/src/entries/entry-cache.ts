import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import type { Alone } from './alone.ts'
import type { Entry } from './read.ts'

const MAX_BYTES = 16 * 1024 * 1024
/** Headers and the like, beside a body. */
const OVERHEAD_BYTES = 1024
/** A database that somebody changed by hand tells nothing. */
const TTL_MS = 60_000
/** With more changes than this everything is read anew. */
const MAX_CHANGES = 1024

const CHANGES = {
  name: 'changes_since',
  text: `select e.id::text, e.user_id::text, e.path from events e
    where e.id > $1 order by e.id limit ${MAX_CHANGES}`,
}
const NEWEST = { name: 'newest_event', text: 'select coalesce(max(id), 0)::text from events' }

interface Waiting {
  key: string
  entry: Entry
  resolve(isCurrent: boolean): void
  reject(error: unknown): void
}

export interface EntryCache {
  find(key: string): Entry | undefined
  /** What is kept and needs no question, because this process is alone. */
  known(key: string): Entry | undefined
  /** Whether what was found is what the database holds at a moment after this call. */
  isCurrent(key: string, entry: Entry): boolean | Promise<boolean>
  /** Call before entries are read; what it returns keeps one of them, unless anything changed meanwhile. */
  beforeReading(): (key: string, entry: Entry) => void
  /**
   * Call before this process commits changes of these keys; what it returns with the id of the newest event
   * when that is over, or with null when it failed.
   */
  beforeWriting(keys: readonly string[]): (newest: bigint | null) => void
}

/**
 * Small files that were read before. Every change of a file appends an event, whichever process makes
 * it, and events become visible in the order of their ids; so before any answer is given the database is
 * asked what came after the newest event that is known. Requests that come together share the question.
 * While this process is alone, its own writes are all there is to know.
 */
export function createEntryCache(pool: Pool, alone: Alone | null = null): EntryCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ inline }) => (inline?.length ?? 0) + OVERHEAD_BYTES,
    ttl: TTL_MS,
  })
  let waiting: Waiting[] = []
  let isAsking = false
  /** Null until it is known, and after too many changes; nothing is kept then. */
  let newest: string | null = null
  let learning: Promise<void> | null = null
  let changes = 0
  /** How many commits of a key are under way: what is read meanwhile may be old at once. */
  const written = new Map<string, number>()

  function learn(): Promise<void> {
    learning ??= pool
      .query<[string]>({ ...NEWEST, rowMode: 'array' })
      .then(({ rows }) => {
        newest ??= rows[0]?.[0] ?? null
      })
      // The next who reads tries again.
      .catch(() => {})
      .finally(() => {
        learning = null
      })
    return learning
  }

  function forget(): void {
    entries.clear()
    newest = null
    changes += 1
  }

  async function readChanges(): Promise<void> {
    if (newest === null) return
    const { rows } = await pool.query<[id: string, userId: string, path: string]>({
      ...CHANGES,
      values: [newest],
      rowMode: 'array',
    })
    const last = rows.at(-1)
    if (!last) return
    if (rows.length === MAX_CHANGES) return forget()
    changes += 1
    newest = last[0]
    for (const [, userId, path] of rows) entries.delete(userId + path)
  }

  async function ask(): Promise<void> {
    const batch = waiting
    waiting = []
    try {
      await readChanges()
      for (const { key, entry, resolve } of batch) resolve(entries.peek(key) === entry)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    if (waiting.length > 0) setImmediate(ask)
    else isAsking = false
  }

  /** Whether all changes up to now are known. */
  async function catchUp(): Promise<boolean> {
    // Nothing is kept while nothing is known.
    await (newest === null ? learn() : readChanges())
    return newest !== null
  }

  function count(key: string, by: 1 | -1): void {
    const left = (written.get(key) ?? 0) + by
    if (left === 0) written.delete(key)
    else written.set(key, left)
  }

  function isAlone(): boolean {
    alone?.claim(catchUp)
    return alone?.holds() ?? false
  }

  return {
    find: (key) => entries.get(key),
    known(key) {
      const entry = entries.get(key)
      return entry && isAlone() ? entry : undefined
    },
    isCurrent(key, entry) {
      if (isAlone()) return true
      return new Promise((resolve, reject) => {
        waiting.push({ key, entry, resolve, reject })
        if (isAsking) return
        isAsking = true
        setImmediate(ask)
      })
    },
    beforeReading() {
      if (newest === null) void learn()
      const asOf = newest === null ? -1 : changes
      return (key, entry) => {
        if (entry.inline && asOf === changes && !written.has(key)) entries.set(key, entry)
      }
    },
    beforeWriting(keys) {
      const wasAlone = alone?.holds() ?? false
      for (const key of keys) {
        count(key, 1)
        entries.delete(key)
      }
      return (last) => {
        changes += 1
        for (const key of keys) count(key, -1)
        if (last === null) return alone?.doubt()
        const wasNobodyElse = wasAlone && alone?.holds()
        if (wasNobodyElse && newest !== null && last > BigInt(newest)) newest = String(last)
      }
    },
  }
}
