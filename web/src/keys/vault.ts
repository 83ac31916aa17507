import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { KeyError } from './messages.ts'

/** Bytes under the wrapping key of this browser. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>
  data: ArrayBuffer
}

/** `locked`: signs nothing more, is kept only for the backup. */
export interface RootRecord {
  sealed: Sealed
  locked: boolean
}

export type ClientRecord =
  | { kind: 'native'; publicKey: string; key: CryptoKey }
  | { kind: 'sealed'; publicKey: string; sealed: Sealed }

interface VaultSchema extends DBSchema {
  wrapping: { key: 'aes'; value: CryptoKey }
  roots: { key: string; value: RootRecord }
  clients: { key: string; value: ClientRecord }
}

const NAME = 'pubky-keys'
const FORMAT = 1

/** Keys in IndexedDB. Seeds lie there only encrypted under an AES key that cannot be read out. */
export class Vault {
  #db: Promise<IDBPDatabase<VaultSchema>> | null = null

  async #open(): Promise<IDBPDatabase<VaultSchema>> {
    this.#db ??= openDB<VaultSchema>(NAME, FORMAT, {
      upgrade(db) {
        db.createObjectStore('wrapping')
        db.createObjectStore('roots')
        db.createObjectStore('clients')
      },
    })
    try {
      return await this.#db
    } catch (error) {
      this.#db = null
      throw new KeyError('storage', error)
    }
  }

  /** The AES key of this browser, made at first use. */
  async wrappingKey(): Promise<CryptoKey> {
    const db = await this.#open()
    const found = await db.get('wrapping', 'aes')
    if (found) return found
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ])
    // Another tab may have been first; its key wins.
    const transaction = db.transaction('wrapping', 'readwrite')
    const theirs = await transaction.store.get('aes')
    if (!theirs) await transaction.store.put(made, 'aes')
    await transaction.done
    return theirs ?? made
  }

  async seal(secret: Uint8Array<ArrayBuffer>): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const key = await this.wrappingKey()
    return { iv, data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, secret) }
  }

  async unseal({ iv, data }: Sealed): Promise<Uint8Array<ArrayBuffer>> {
    const key = await this.wrappingKey()
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, data))
  }

  async root(user: string): Promise<RootRecord | undefined> {
    return (await this.#open()).get('roots', user)
  }

  async putRoot(user: string, record: RootRecord): Promise<void> {
    await (await this.#open()).put('roots', record, user)
  }

  async deleteRoot(user: string): Promise<void> {
    await (await this.#open()).delete('roots', user)
  }

  async client(user: string): Promise<ClientRecord | undefined> {
    return (await this.#open()).get('clients', user)
  }

  async putClient(user: string, record: ClientRecord): Promise<void> {
    await (await this.#open()).put('clients', record, user)
  }

  async deleteClient(user: string): Promise<void> {
    await (await this.#open()).delete('clients', user)
  }
}
