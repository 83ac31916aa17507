import type { Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { Processes } from '../processes.ts'
import type { Bandwidth } from './pace.ts'

/** How long the others do not know yet. */
const TELL_MS = 250
/** Of these the others are told in one go; what is beyond counts in this process alone. */
const MAX_KEYS = 2000
/** A notice has room for 8000 bytes. */
const KEYS_IN_NOTICE = 40

/** Requests under a rule, or bytes at a speed. */
type Item = ['r', rule: string, key: string, count: number] | ['b', string, Bandwidth, number]

/**
 * What a process let through under limits, told to the others a few times in a second, so that all of them
 * together allow about what one does. Who is alone tells nothing.
 */
export interface Spending extends AsyncDisposable {
  request(rule: string, key: string): void
  bytes(key: string, bandwidth: Bandwidth, bytes: number): void
  onNotice(payload: string): void
}

function parse(payload: string): { by: string; items: Item[] } | null {
  try {
    return JSON.parse(payload) as { by: string; items: Item[] }
  } catch {
    return null
  }
}

export function createSpending(o: {
  pool: Pool
  log: Logger
  processes: Pick<Processes, 'id' | 'others'>
  onRequests: (rule: string, key: string, count: number) => void
  onBytes: (key: string, bandwidth: Bandwidth, bytes: number) => void
}): Spending {
  const { pool, log, processes, onRequests, onBytes } = o
  let pending = new Map<string, Item>()
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> = Promise.resolve()

  function note(name: string, amount: number, first: () => Item): void {
    if (processes.others === 0) return
    const known = pending.get(name)
    if (known) known[3] += amount
    else if (pending.size < MAX_KEYS) pending.set(name, first())
    timer ??= setTimeout(() => {
      timer = undefined
      telling = tell().catch((error: unknown) => log.warn({ error }, 'spending was not told'))
    }, TELL_MS)
  }

  async function tell(): Promise<void> {
    const items = [...pending.values()]
    pending = new Map()
    const notices: string[] = []
    for (let at = 0; at < items.length; at += KEYS_IN_NOTICE) {
      const part = items.slice(at, at + KEYS_IN_NOTICE)
      notices.push(JSON.stringify({ by: processes.id, items: part }))
    }
    await pool.query("select pg_notify('spending', n) from unnest($1::text[]) as n", [notices])
  }

  return {
    request(rule, key) {
      note(`r ${key} ${rule}`, 1, () => ['r', rule, key, 1])
    },
    bytes(key, bandwidth, bytes) {
      const { bytesPerSecond, burst } = bandwidth
      note(`b ${key} ${bytesPerSecond} ${burst}`, bytes, () => ['b', key, bandwidth, bytes])
    },
    onNotice(payload) {
      const told = parse(payload)
      if (!told || told.by === processes.id) return
      for (const item of told.items)
        if (item[0] === 'r') onRequests(item[1], item[2], item[3])
        else onBytes(item[1], item[2], item[3])
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer)
      await telling
    },
  }
}
