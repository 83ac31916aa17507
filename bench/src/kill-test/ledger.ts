import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'

/** One change that the homeserver acknowledged. */
export interface Change {
  type: 'PUT' | 'DEL'
  /** Of the body, 32 bytes in hex; null with DEL. */
  hash: string | null
  /** Of the attempt that was sent, in hex. */
  proof: string
}

/** Everything that was acknowledged, path by path in the order of the answers. */
export interface Ledger {
  note(user: PublicKeyZ32, path: StoragePath, change: Change): void
  /** By `user path`. */
  readonly histories: ReadonlyMap<string, readonly Change[]>
  readonly count: number
}

export const addressOf = (user: PublicKeyZ32, path: StoragePath) => `pubky://${user}${path}`

export function createLedger(): Ledger {
  const histories = new Map<string, Change[]>()
  let count = 0
  return {
    histories,
    get count() {
      return count
    },
    note(user, path, change) {
      const address = addressOf(user, path)
      const history = histories.get(address) ?? []
      history.push(change)
      histories.set(address, history)
      count += 1
    },
  }
}
