import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { concat } from './bytes.ts'
import { randomBytes } from './random.ts'

export const NONCE_BYTES = 24

/** nonce(24) ‖ tag(16) ‖ ciphertext, XSalsa20-Poly1305 as in NaCl. */
export function sealBox(
  key: Uint8Array,
  plaintext: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Uint8Array {
  return concat(nonce, xsalsa20poly1305(key, nonce).encrypt(plaintext))
}

/** Null when the key is wrong or a bit was changed. */
export function openBox(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES)
    return xsalsa20poly1305(key, nonce).decrypt(sealed.subarray(NONCE_BYTES))
  } catch {
    return null
  }
}
