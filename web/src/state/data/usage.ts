import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { pubkyClient, sessionOf } from '../session/connection.ts'

// Loaded when somebody looks at their data.

export interface Storage {
  usedBytes: number
  /** Null when there is none. */
  limitBytes: number | null
  files: number
  largestFileBytes: number | null
}

export interface Usage {
  homeserver: string
  /** Null where the homeserver does not say. */
  storage: Storage | null
}

/** What `GET /usage` answered; null when it is nothing we know. */
export function parseStorage(answer: unknown): Storage | null {
  const found = typeof answer === 'object' && answer !== null && 'storage' in answer
  if (!found || typeof answer.storage !== 'object' || answer.storage === null) return null
  const storage: Record<string, unknown> = { ...answer.storage }
  const number = (name: string) => {
    const value = storage[name]
    return typeof value === 'number' && value >= 0 ? value : null
  }
  const [usedBytes, files] = [number('used_bytes'), number('files')]
  if (usedBytes === null || files === null) return null
  const [limitBytes, largestFileBytes] = [number('limit_bytes'), number('largest_file_bytes')]
  return { usedBytes, limitBytes, files, largestFileBytes }
}

/** Where the account lives and, if the homeserver says so, how much it keeps there. */
export async function readUsage(
  config: RuntimeConfig,
  account: Account,
  signal: AbortSignal,
): Promise<Usage> {
  const session = await sessionOf(config, account)
  const { homeserver } = session
  const { features } = await pubkyClient(config).hosts.find(homeserver, { signal })
  if (!features.has('usage')) return { homeserver, storage: null }
  const response = await session.fetch('/usage', { signal, cache: 'no-store' })
  if (!response.ok) {
    const code = response.status === 401 ? 'unauthorized' : 'network'
    throw Object.assign(new Error(`usage: ${response.status}`), { code })
  }
  return { homeserver, storage: parseStorage(await response.json()) }
}
