import { publicKeyFromBytes, randomKeypair, signerFromKeypair } from '@pubky/protocol'
import { keypairFromSeed } from '@pubky/protocol/keys'
import type { ClientRecord, Vault } from './vault.ts'

/** WebCrypto's Ed25519 where the browser has it: such a key cannot be read out by anybody. */
async function nativeKey(): Promise<ClientRecord | null> {
  try {
    const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
    if (!('publicKey' in pair)) return null
    const raw = await crypto.subtle.exportKey('raw', pair.publicKey)
    const publicKey = publicKeyFromBytes(new Uint8Array(raw))
    return { kind: 'native', publicKey, key: pair.privateKey }
  } catch {
    return null
  }
}

export async function makeClientKey(vault: Vault): Promise<ClientRecord> {
  const native = await nativeKey()
  if (native) return native
  const { publicKey, secretKey } = randomKeypair()
  const seed = new Uint8Array(secretKey)
  const sealed = await vault.seal(seed)
  seed.fill(0)
  return { kind: 'sealed', publicKey, sealed }
}

export async function signWithClient(
  vault: Vault,
  record: ClientRecord,
  message: Uint8Array,
): Promise<Uint8Array> {
  if (record.kind === 'native') {
    const signature = await crypto.subtle.sign('Ed25519', record.key, new Uint8Array(message))
    return new Uint8Array(signature)
  }
  const seed = await vault.unseal(record.sealed)
  try {
    return await signerFromKeypair(keypairFromSeed(seed)).sign(message)
  } finally {
    seed.fill(0)
  }
}
