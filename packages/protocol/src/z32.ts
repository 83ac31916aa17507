import { base32Alphabet, decodeBase32, encodeBase32 } from './base32.ts'
import type { PublicKeyZ32 } from './brands.ts'
import { ProtocolError } from './errors.ts'

/** z-base-32, lower case only (spec/homeserver.md 1.1). */
export const Z32_ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769'

const ALPHABET = base32Alphabet(Z32_ALPHABET)

export function encodeZ32(bytes: Uint8Array): string {
  return encodeBase32(bytes, ALPHABET)
}

/** Strict: unused bits must be zero. Throws `invalid_z32`. */
export function decodeZ32(text: string): Uint8Array {
  const bytes = decodeBase32(text, ALPHABET)
  if (!bytes) throw new ProtocolError('invalid_z32', 'not z-base-32')
  return bytes
}

/**
 * Whether a text has the form of a key in canonical spelling. It does not tell whether the bytes are
 * a real key: use it for routes and layouts, and `parsePublicKey` before anything depends on it.
 */
export function isPublicKeyText(text: string): text is PublicKeyZ32 {
  return /^[ybndrfg8ejkmcpqxot1uwisza345h769]{51}[yo]$/.test(text)
}
