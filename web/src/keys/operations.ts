import {
  createPhrase,
  createRecoveryFile,
  fromUtf8,
  isPublicKey,
  type Keypair,
  keypairFromPhrase,
  openRecoveryFile,
  ProtocolError,
  type PublicKeyZ32,
  signerFromKeypair,
  signGrant,
  utf8,
} from '@pubky/protocol'
import { keypairFromSeed } from '@pubky/protocol/keys'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { makeClientKey, signWithClient } from './client-key.ts'
import { KeyError, type KeyOperations } from './messages.ts'
import { Vault } from './vault.ts'

const SEED_BYTES = 32

function translate(error: unknown): never {
  if (error instanceof ProtocolError) {
    if (error.code === 'wrong_passphrase') throw new KeyError('wrong_password', error)
    if (error.code === 'invalid_recovery_file') throw new KeyError('invalid_file', error)
    if (error.code === 'invalid_phrase') throw new KeyError('invalid_phrase', error)
  }
  throw error
}

/** The operations over a vault. Root keys opened for signing in live in memory and nowhere else. */
export function createOperations(vault: Vault = new Vault()): KeyOperations {
  const opened = new Map<string, Keypair>()

  async function stored(user: PublicKeyZ32): Promise<{ pair: Keypair; phrase: string } | null> {
    const record = await vault.root(user)
    if (!record) return null
    const bytes = await vault.unseal(record.sealed)
    const pair = keypairFromSeed(bytes.slice(0, SEED_BYTES))
    const phrase = fromUtf8(bytes.subarray(SEED_BYTES))
    bytes.fill(0)
    return { pair, phrase }
  }

  async function working(user: PublicKeyZ32): Promise<Keypair> {
    const inMemory = opened.get(user)
    if (inMemory) return inMemory
    const record = await vault.root(user)
    const root = record && !record.locked ? await stored(user) : null
    if (!root) throw new KeyError('no_key')
    return root.pair
  }

  async function clientOf(user: PublicKeyZ32, client: PublicKeyZ32) {
    const record = await vault.client(user)
    if (record?.publicKey !== client) throw new KeyError('no_key')
    return record
  }

  function open(pair: Keypair): { user: PublicKeyZ32 } {
    opened.set(pair.publicKey, pair)
    return { user: pair.publicKey }
  }

  return {
    async createRoot() {
      const phrase = createPhrase()
      const pair = await keypairFromPhrase(phrase)
      const secret = new Uint8Array(SEED_BYTES + utf8(phrase).length)
      secret.set(pair.secretKey)
      secret.set(utf8(phrase), SEED_BYTES)
      const sealed = await vault.seal(secret)
      secret.fill(0)
      pair.secretKey.fill(0)
      await vault.putRoot(pair.publicKey, { sealed, locked: false })
      return { user: pair.publicKey }
    },
    openFile: async (file, password) =>
      open(await openRecoveryFile(file, password).catch(translate)),
    openPhrase: async (phrase) => open(await keypairFromPhrase(phrase).catch(translate)),
    unknownWords: async (words) => words.filter((word) => !wordlist.includes(word)),
    async issueGrant(user, o) {
      const root = await working(user)
      const record = await makeClientKey(vault)
      if (!isPublicKey(record.publicKey)) throw new KeyError('failed')
      const grant = await signGrant(signerFromKeypair(root), {
        clientId: o.clientId,
        caps: o.capabilities.split(','),
        cnf: record.publicKey,
        iat: o.nowSeconds,
        exp: o.nowSeconds + o.lifeSeconds,
      })
      await vault.putClient(user, record)
      return { client: record.publicKey, grant }
    },
    rootSign: async (user, message) => signerFromKeypair(await working(user)).sign(message),
    async finishRoot(user) {
      opened.get(user)?.secretKey.fill(0)
      opened.delete(user)
      const record = await vault.root(user)
      if (record) await vault.putRoot(user, { ...record, locked: true })
    },
    hasRoot: async (user) => (await vault.root(user)) !== undefined,
    phrase: async (user) => (await stored(user))?.phrase || null,
    async recoveryFile(user, password) {
      const root = await stored(user)
      if (!root) throw new KeyError('no_key')
      try {
        return await createRecoveryFile(root.pair.secretKey, password).catch(translate)
      } finally {
        root.pair.secretKey.fill(0)
      }
    },
    dropRoot: (user) => vault.deleteRoot(user),
    async clientKey(user) {
      const key = (await vault.client(user))?.publicKey
      return key !== undefined && isPublicKey(key) ? key : null
    },
    clientSign: async (user, client, message) =>
      signWithClient(vault, await clientOf(user, client), message),
    async forget(user) {
      opened.get(user)?.secretKey.fill(0)
      opened.delete(user)
      await vault.deleteRoot(user)
      await vault.deleteClient(user)
    },
  }
}
