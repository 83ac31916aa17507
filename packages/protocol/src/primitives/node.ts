import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Primitives } from './types.ts'

const MAX_KEPT_KEYS = 10_000
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

// Importing a key costs as much as half a verification; the keys of busy writers stay.
const keys = new Map<string, KeyObject>()

function publicKeyObject(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url')
  const known = keys.get(x)
  if (known) return known
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  if (keys.size >= MAX_KEPT_KEYS) {
    const oldest = keys.keys().next()
    if (!oldest.done) keys.delete(oldest.value)
  }
  keys.set(x, key)
  return key
}

const privateKeys = new WeakMap<Uint8Array, KeyObject>()

function privateKeyObject(seed: Uint8Array): KeyObject {
  const known = privateKeys.get(seed)
  if (known) return known
  const der = Buffer.concat([PKCS8_ED25519, seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  privateKeys.set(seed, key)
  return key
}

export const primitives: Primitives = {
  async sign(seed, message) {
    return new Uint8Array(sign(null, message, privateKeyObject(seed)))
  },
  async verify(key, message, signature) {
    if (signature.length !== 64) return false
    return verify(null, message, publicKeyObject(key), signature)
  },
  async sha256(bytes) {
    return new Uint8Array(createHash('sha256').update(bytes).digest())
  },
}
