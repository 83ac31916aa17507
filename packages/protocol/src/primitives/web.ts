import { KeyCache } from './key-cache.ts'
import type { Primitives } from './types.ts'

const SIGNATURE_BYTES = 64
const MAX_KEPT_KEYS = 1000
const keys = new KeyCache<CryptoKey>(MAX_KEPT_KEYS)

const noble = () => import('./noble-verify.ts')

/** WebCrypto wants bytes that lie in an ordinary buffer. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/** Null for what is no real key: some browsers take small-order and mixed-order ones. */
async function importKey(bytes: Uint8Array): Promise<CryptoKey | null> {
  const name = String.fromCharCode(...bytes)
  const known = keys.get(name)
  if (known) return known
  const { isRealKey } = await import('../real-key.ts')
  if (!isRealKey(bytes)) return null
  const key = await crypto.subtle.importKey('raw', own(bytes), 'Ed25519', false, ['verify'])
  keys.set(name, key)
  return key
}

/** WebCrypto refuses this R even where the equation holds, Node does not: noble decides. */
function isIdentity(r: Uint8Array): boolean {
  return r.every((byte, index) => byte === (index === 0 ? 1 : 0))
}

/** Null when this browser's WebCrypto has no Ed25519. */
async function nativeVerify(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | null> {
  try {
    const imported = await importKey(key)
    if (!imported) return false
    return await crypto.subtle.verify('Ed25519', imported, own(signature), own(message))
  } catch {
    return null
  }
}

export const primitives: Primitives = {
  blake3: null,
  async sign(seed, message) {
    return (await noble()).nobleSign(seed, message)
  },
  async verify(key, message, signature) {
    if (signature.length !== SIGNATURE_BYTES || key.length !== 32) return false
    const verdict = isIdentity(signature.subarray(0, 32))
      ? null
      : await nativeVerify(key, message, signature)
    return verdict ?? (await noble()).nobleVerify(key, message, signature)
  },
  async sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', own(bytes)))
  },
}
