import type { PublicKeyZ32 } from './brands.ts'
import { ProtocolError } from './errors.ts'
import { randomBytes } from './random.ts'
import { isKnownKey, isRealKey, publicKeyOfSeed, realKeyText } from './real-key.ts'
import { decodeZ32, encodeZ32, isPublicKeyText } from './z32.ts'

/** An Ed25519 key pair; `secretKey` is the 32-byte seed. */
export interface Keypair {
  readonly publicKey: PublicKeyZ32
  readonly secretKey: Uint8Array
}

const KEY_BYTES = 32
const KEY_CHARACTERS = 52
const DISPLAY_PREFIX = 'pubky'

/** Throws `invalid_public_key` for bytes that are no key anybody can hold. */
export function publicKeyFromBytes(bytes: Uint8Array): PublicKeyZ32 {
  const text = realKeyText(bytes)
  if (text === null) throw new ProtocolError('invalid_public_key', 'Invalid public key')
  return text as PublicKeyZ32
}

/** 32 bytes. */
export function publicKeyBytes(key: PublicKeyZ32): Uint8Array {
  return decodeZ32(key)
}

/** Reads the 52 characters of a key and nothing else. Throws `invalid_public_key`. */
export function parsePublicKey(text: string): PublicKeyZ32 {
  if (isKnownKey(text)) return text as PublicKeyZ32
  if (!isPublicKeyText(text))
    throw new ProtocolError('invalid_public_key', 'Invalid PublicKey encoding')
  return publicKeyFromBytes(decodeZ32(text))
}

export function isPublicKey(text: string): text is PublicKeyZ32 {
  return isKnownKey(text) || (isPublicKeyText(text) && isRealKey(decodeZ32(text)))
}

function after(text: string, mark: string): string {
  const at = text.indexOf(mark)
  return at < 0 ? text : text.slice(at + mark.length)
}

function before(text: string, mark: string): string {
  const at = text.indexOf(mark)
  return at < 0 ? text : text.slice(0, at)
}

const PEEL: readonly ((text: string) => string)[] = [
  (text) => after(text, ':'),
  (text) => (text.startsWith('//') ? text.slice(2) : text),
  (text) => after(text, '@'),
  (text) => before(text, ':'),
  (text) => before(text, '/'),
  (text) => before(text, '?'),
  (text) => before(text, '#'),
  (text) => {
    let end = text.length
    while (end > 0 && text.charAt(end - 1) === '.') end -= 1
    return text.slice(text.lastIndexOf('.', end - 1) + 1, end)
  },
]

const LAST_CHARACTER = /[ybndrfg8ejkmcpqxot1uwisza345h769]$/

/**
 * The key in a host or address, peeled as the official parser does (spec/discovery.md 1.8): scheme,
 * `//`, user, port, path, query and fragment go, the last label counts, and the unused bits of the
 * last character do not. Throws `invalid_public_key`.
 */
export function parsePublicKeyLenient(text: string): PublicKeyZ32 {
  let rest = text
  for (const step of PEEL) if (rest.length > KEY_CHARACTERS) rest = step(rest)
  if (rest.length === KEY_CHARACTERS && LAST_CHARACTER.test(rest)) {
    const lastBit = 'ybndrfg8ejkmcpqx'.includes(rest.charAt(KEY_CHARACTERS - 1)) ? 'y' : 'o'
    return parsePublicKey(rest.slice(0, -1) + lastBit)
  }
  throw new ProtocolError('invalid_public_key', 'Invalid PublicKey encoding')
}

/** `pubky` and the key: for people's eyes. */
export function displayKey(key: PublicKeyZ32): string {
  return DISPLAY_PREFIX + key
}

/** Reads a key with or without the prefix for people. */
export function parseDisplayKey(text: string): PublicKeyZ32 {
  const prefixed =
    text.length === DISPLAY_PREFIX.length + KEY_CHARACTERS && text.startsWith(DISPLAY_PREFIX)
  return parsePublicKey(prefixed ? text.slice(DISPLAY_PREFIX.length) : text)
}

/** Throws `invalid_secret_key` unless given 32 bytes. */
export function keypairFromSeed(seed: Uint8Array): Keypair {
  if (seed.length !== KEY_BYTES)
    throw new ProtocolError('invalid_secret_key', 'a secret key has 32 bytes')
  const secretKey = Uint8Array.from(seed)
  return { publicKey: encodeZ32(publicKeyOfSeed(secretKey)) as PublicKeyZ32, secretKey }
}

export function randomKeypair(): Keypair {
  return keypairFromSeed(randomBytes(KEY_BYTES))
}
