import { type PublicKeyZ32, publicKeyFromBytes } from '@pubky/protocol'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import { QUOTA_COLUMNS, type Quota, type QuotaRow, quotaOfRow } from './quota.ts'

/** What a process remembers of an account (spec/homeserver.md 7), until a notice takes it back. */
export interface Account {
  id: string
  key: PublicKeyZ32
  disabled: boolean
  quota: Quota
}

export interface Accounts {
  /** What is remembered, at once; undefined when it has to be loaded. */
  peek(userId: string): Account | null | undefined
  load(userId: string): Promise<Account | null>
  evict(userId: string): void
  forget(): void
}

const MAX_ACCOUNTS = 20_000
const KNOWN_MS = 120_000
const UNKNOWN_MS = 30_000
/** Starts the payload of a notice on `auth_changes` about an account. */
export const ACCOUNT_NOTICE = 'u'

export function createAccounts(pool: Pool): Accounts {
  const cache = new LRUCache<string, { account: Account | null }>({
    max: MAX_ACCOUNTS,
    ttl: KNOWN_MS,
  })
  let generation = 0
  return {
    peek: (userId) => cache.get(userId)?.account,
    async load(userId) {
      const asOf = generation
      const { rows } = await pool.query<QuotaRow & { key: Buffer; disabled: boolean }>({
        name: 'account',
        text: `select key, disabled, ${QUOTA_COLUMNS} from users where id = $1`,
        values: [userId],
      })
      const [row] = rows
      const account = row
        ? {
            id: userId,
            key: publicKeyFromBytes(row.key),
            disabled: row.disabled,
            quota: quotaOfRow(row),
          }
        : null
      // A change in between must not be undone by remembering what was read before it.
      if (asOf === generation)
        cache.set(userId, { account }, { ttl: account ? KNOWN_MS : UNKNOWN_MS })
      return account
    },
    evict(userId) {
      generation += 1
      cache.delete(userId)
    },
    forget() {
      generation += 1
      cache.clear()
    },
  }
}
