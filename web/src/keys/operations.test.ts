import {
  keypairFromPhrase,
  openRecoveryFile,
  parsePublicKey,
  verifyGrant,
  verifySignature,
} from '@pubky/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { KeyOperations } from './messages.ts'
import { createOperations } from './operations.ts'
import { type ClientRecord, type RootRecord, Vault } from './vault.ts'

/** The same encryption over maps instead of IndexedDB. */
class MemoryVault extends Vault {
  readonly roots = new Map<string, RootRecord>()
  readonly clients = new Map<string, ClientRecord>()
  readonly #key = crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])

  override async wrappingKey() {
    return this.#key
  }
  override async root(user: string) {
    return this.roots.get(user)
  }
  override async putRoot(user: string, record: RootRecord) {
    this.roots.set(user, record)
  }
  override async deleteRoot(user: string) {
    this.roots.delete(user)
  }
  override async client(user: string) {
    return this.clients.get(user)
  }
  override async putClient(user: string, record: ClientRecord) {
    this.clients.set(user, record)
  }
  override async deleteClient(user: string) {
    this.clients.delete(user)
  }
}

const NOW = 1_800_000_000
const GRANT = {
  clientId: 'test',
  capabilities: '/pub/pubky.app/:rw',
  nowSeconds: NOW,
  lifeSeconds: 60,
}
const message = new Uint8Array([1, 2, 3])

let vault: MemoryVault
let keys: KeyOperations
beforeEach(() => {
  vault = new MemoryVault()
  keys = createOperations(vault)
})

describe('the keys of a browser', () => {
  it('make a root key that its phrase and its recovery file give back', async () => {
    const { user } = await keys.createRoot()
    const phrase = await keys.phrase(user)
    expect((await keypairFromPhrase(phrase ?? '')).publicKey).toBe(user)
    const file = await keys.recoveryFile(user, 'secret')
    expect((await openRecoveryFile(file, 'secret')).publicKey).toBe(user)
    await expect(keys.openFile(file, 'other')).rejects.toMatchObject({ code: 'wrong_password' })
    await expect(keys.openFile(message, 'x')).rejects.toMatchObject({ code: 'invalid_file' })
  })

  it('keep the seed only encrypted', async () => {
    const { user } = await keys.createRoot()
    const phrase = (await keys.phrase(user)) ?? ''
    const { secretKey } = await keypairFromPhrase(phrase)
    const kept = Buffer.from(vault.roots.get(user)?.sealed.data ?? new ArrayBuffer(0))
    expect(kept.includes(Buffer.from(secretKey))).toBe(false)
    expect(kept.includes(phrase.split(' ')[0] ?? '')).toBe(false)
  })

  it('sign a grant for a client key that then signs alone', async () => {
    const { user } = await keys.createRoot()
    const { client, grant } = await keys.issueGrant(user, GRANT)
    expect(await verifyGrant(grant, NOW)).toMatchObject({ iss: user, cnf: client })
    await keys.finishRoot(user)
    const signature = await keys.clientSign(user, client, message)
    expect(await verifySignature(client, message, signature)).toBe(true)
  })

  it('sign with no other client key than the one a session was opened with', async () => {
    const { user } = await keys.createRoot()
    const before = await keys.issueGrant(user, GRANT)
    const { client } = await keys.issueGrant(user, GRANT)
    expect(client).not.toBe(before.client)
    await expect(keys.clientSign(user, before.client, message)).rejects.toMatchObject({
      code: 'no_key',
    })
  })

  it('let the root key sign nothing after its work is done, but still be backed up', async () => {
    const { user } = await keys.createRoot()
    expect(await verifySignature(user, message, await keys.rootSign(user, message))).toBe(true)
    await keys.finishRoot(user)
    await expect(keys.rootSign(user, message)).rejects.toMatchObject({ code: 'no_key' })
    await expect(keys.issueGrant(user, GRANT)).rejects.toMatchObject({ code: 'no_key' })
    expect(await keys.phrase(user)).not.toBeNull()
    await keys.dropRoot(user)
    expect(await keys.hasRoot(user)).toBe(false)
    await expect(keys.recoveryFile(user, 'x')).rejects.toMatchObject({ code: 'no_key' })
  })

  it('forget a key that was opened to sign in', async () => {
    const { user } = await keys.createRoot()
    const file = await keys.recoveryFile(user, 'secret')
    const other = createOperations(new MemoryVault())
    await other.openFile(file, 'secret')
    const { client } = await other.issueGrant(user, GRANT)
    await other.finishRoot(user)
    expect(await other.hasRoot(user)).toBe(false)
    await expect(other.rootSign(user, message)).rejects.toMatchObject({ code: 'no_key' })
    await other.forget(user)
    await expect(other.clientSign(user, client, message)).rejects.toMatchObject({ code: 'no_key' })
  })

  it('name the words that no phrase has, and refuse phrases that make no key', async () => {
    expect(await keys.unknownWords(['abandon', 'pubky', ''])).toEqual(['pubky', ''])
    const twelve = Array(12).fill('abandon').join(' ')
    await expect(keys.openPhrase(twelve)).rejects.toMatchObject({ code: 'invalid_phrase' })
    const good = `${Array(11).fill('abandon').join(' ')} about`
    const { user } = await keys.openPhrase(good)
    expect(user).toBe(parsePublicKey('aihfhgdfshrj8nz9ofo7khayc1mgcqa4wrrdjahs5tmgo4pna3iy'))
  })
})
