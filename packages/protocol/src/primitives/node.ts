import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { isRealKey } from '../real-key.ts'
import { KeyCache } from './key-cache.ts'
import { nativeBlake3 } from './native-blake3.ts'
import { loadSodium } from './sodium.ts'
import type { Primitives } from './types.ts'

const SIGNATURE_BYTES = 64
const MAX_KEPT_KEYS = 10_000
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

const sodium = loadSodium()

// Importing a key costs a good part of a verification; the keys of busy writers stay.
const keys = new KeyCache<KeyObject>(MAX_KEPT_KEYS)

function publicKeyObject(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url')
  const known = keys.get(x)
  if (known) return known
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
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
  blake3: nativeBlake3(),
  async sign(seed, message) {
    return new Uint8Array(sign(null, message, privateKeyObject(seed)))
  },
  async verify(key, message, signature) {
    // Both libraries take small-order and mixed-order keys.
    if (signature.length !== SIGNATURE_BYTES || !isRealKey(key)) return false
    // In less than half of OpenSSL's time. It accepts nothing that OpenSSL refuses under a real key,
    // but refuses R = identity.
    if (sodium?.crypto_sign_verify_detached(signature, message, key)) return true
    const object = publicKeyObject(key)
    // On the thread pool: it takes as long as everything else about a small request.
    return new Promise((resolve, reject) => {
      verify(null, message, object, signature, (error, isValid) =>
        error ? reject(error) : resolve(isValid),
      )
    })
  },
  async sha256(bytes) {
    return new Uint8Array(createHash('sha256').update(bytes).digest())
  },
}
