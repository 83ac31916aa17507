import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
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
  /** Whether what was found is what the database holds at a moment after this call. */
  isCurrent(key: string, entry: Entry): Promise<boolean>
  /** Call before entries are read; what it returns keeps one of them, unless anything changed meanwhile. */
  beforeReading(): (key: string, entry: Entry) => void
}

/**
 * Small files that were read before. Every change of a file appends an event, whichever process makes
 * it, and events become visible in the order of their ids; so before any answer is given the database is
 * asked what came after the newest event that is known. Requests that come together share the question.
 */
export function createEntryCache(pool: Pool): EntryCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ inline }) => (inline?.length ?? 0) + OVERHEAD_BYTES,
    ttl: TTL_MS,
  })
  let waiting: Waiting[] = []
  let isAsking = false
  /** Null until it is known, and after too many changes; nothing is kept then. */
  let newest: string | null = null
  let isLearning = false
  let changes = 0

  async function learn(): Promise<void> {
    if (isLearning) return
    isLearning = true
    try {
      const { rows } = await pool.query<[string]>({ ...NEWEST, rowMode: 'array' })
      newest ??= rows[0]?.[0] ?? null
    } catch {
      // The next who reads tries again.
    } finally {
      isLearning = false
    }
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

  return {
    find: (key) => entries.get(key),
    isCurrent(key, entry) {
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
        if (entry.inline && asOf === changes) entries.set(key, entry)
      }
    },
  }
}
