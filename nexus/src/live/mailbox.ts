import type { LiveEvent } from './live-event.ts'
import { formatId, type LogId } from './log.ts'

/** Counters of one key are told at most once in this time. */
export const COALESCE_MS = 25
/** Events that wait for a slow reader; beyond it the reader has to read everything again. */
export const MAX_WAITING = 1_000

export interface Letter {
  id: string
  event: LiveEvent
}

/**
 * What waits for one subscriber. An id says: everything up to here has been told. So while counters
 * are held back, later events carry the id from before them, and nobody who resumes misses any.
 */
export function createMailbox(o: { coalesceMs?: number; maxWaiting?: number } = {}) {
  const { coalesceMs = COALESCE_MS, maxWaiting = MAX_WAITING } = o
  const letters: Letter[] = []
  const counts = new Map<string, Extract<LiveEvent, { type: 'counts' }>>()
  /** The last id before the held counters. */
  let safe: LogId | null = null
  let last: LogId = { position: 0n, ordinal: 0 }
  let timer: NodeJS.Timeout | null = null
  let rouse: (() => void) | null = null
  let isClosed = false

  function push(letter: Letter): void {
    letters.push(letter)
    if (letters.length > maxWaiting) startOver()
    rouse?.()
  }

  function startOver(): void {
    letters.length = 0
    drop()
    letters.push({ id: formatId(last), event: { type: 'reset' } })
    rouse?.()
  }

  function drop(): void {
    counts.clear()
    safe = null
    if (timer) clearTimeout(timer)
    timer = null
  }

  function flush(): void {
    const held = [...counts.values()]
    const before = safe
    drop()
    held.forEach((event, index) => {
      const isLast = index === held.length - 1
      push({ id: formatId(isLast || !before ? last : before), event })
    })
  }

  /** Takes an event of the log. Ids only ascend. */
  function post(id: LogId, event: LiveEvent): void {
    if (isClosed) return
    const before = last
    last = id
    if (event.type === 'reset') startOver()
    else if (event.type === 'counts') hold(before, event)
    else push({ id: formatId(safe ?? id), event })
  }

  function hold(before: LogId, event: Extract<LiveEvent, { type: 'counts' }>): void {
    safe ??= before
    counts.delete(event.key)
    counts.set(event.key, event)
    if (counts.size > maxWaiting) startOver()
    else timer ??= setTimeout(flush, coalesceMs)
  }

  /** The log was read up to here, whether or not anything in it concerned the subscriber. */
  function seen(id: LogId): void {
    last = id
  }

  async function* read(): AsyncGenerator<Letter> {
    while (!isClosed) {
      const letter = letters.shift()
      if (letter) {
        yield letter
        continue
      }
      await new Promise<void>((resolve) => {
        rouse = resolve
        if (isClosed) resolve()
      })
      rouse = null
    }
  }

  function close(): void {
    isClosed = true
    letters.length = 0
    drop()
    rouse?.()
  }

  return { post, seen, read, close }
}

export type Mailbox = ReturnType<typeof createMailbox>
