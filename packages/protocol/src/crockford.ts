import { base32Alphabet, decodeBase32, encodeBase32 } from './base32.ts'
import { ProtocolError } from './errors.ts'

const ALPHABET = base32Alphabet('0123456789ABCDEFGHJKMNPQRSTVWXYZ')

/** Crockford's base 32 in upper case, without padding. */
export function encodeCrockford(bytes: Uint8Array): string {
  return encodeBase32(bytes, ALPHABET)
}

/** Strict: upper case, no look-alikes, unused bits zero. Throws `invalid_crockford`. */
export function decodeCrockford(text: string): Uint8Array {
  const bytes = decodeBase32(text, ALPHABET)
  if (!bytes) throw new ProtocolError('invalid_crockford', 'not Crockford base32')
  return bytes
}
