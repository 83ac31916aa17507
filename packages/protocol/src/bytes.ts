import { ProtocolError } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Strict: malformed input throws `invalid_utf8`; a byte-order mark is kept. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new ProtocolError('invalid_utf8', 'not valid UTF-8', cause)
  }
}

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text))
    throw new ProtocolError('invalid_hex', 'not hexadecimal')
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}

const CHUNK = 0x8000

/** Standard alphabet with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK))
  return btoa(binary)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const INVALID = 64

function valuesOf(last: string): Uint8Array {
  const values = new Uint8Array(128).fill(INVALID)
  for (const [value, char] of [...ALPHABET, ...last].entries()) values[char.charCodeAt(0)] = value
  return values
}

const STANDARD = valuesOf('+/')
const URL_SAFE = valuesOf('-_')

/** Decodes text without padding; null unless alphabet, length and unused bits are canonical. */
function decodeBase64(text: string, values: Uint8Array): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  const whole = text.length - (text.length % 4)
  let all = 0
  let at = 0
  for (let i = 0; i < whole; i += 4) {
    const a = values[text.charCodeAt(i)] ?? INVALID
    const b = values[text.charCodeAt(i + 1)] ?? INVALID
    const c = values[text.charCodeAt(i + 2)] ?? INVALID
    const d = values[text.charCodeAt(i + 3)] ?? INVALID
    all |= a | b | c | d
    bytes[at] = (a << 2) | (b >> 4)
    bytes[at + 1] = (b << 4) | (c >> 2)
    bytes[at + 2] = (c << 6) | d
    at += 3
  }
  let unused = 0
  if (text.length > whole) {
    const isLong = text.length - whole === 3
    const a = values[text.charCodeAt(whole)] ?? INVALID
    const b = values[text.charCodeAt(whole + 1)] ?? INVALID
    const c = isLong ? (values[text.charCodeAt(whole + 2)] ?? INVALID) : 0
    all |= a | b | c
    unused = isLong ? c & 3 : b & 15
    bytes[at] = (a << 2) | (b >> 4)
    if (isLong) bytes[at + 1] = (b << 4) | (c >> 2)
  }
  return unused === 0 && (all & INVALID) === 0 ? bytes : null
}

/** Strict: alphabet, padding and unused bits must be canonical. */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new ProtocolError('invalid_base64', 'not base64')
  const bytes = decodeBase64(text.replace(/={1,2}$/, ''), STANDARD)
  if (!bytes) throw new ProtocolError('invalid_base64', 'not canonical base64')
  return bytes
}

/** URL alphabet without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

export function fromBase64Url(text: string): Uint8Array {
  const bytes = decodeBase64(text, URL_SAFE)
  if (!bytes) throw new ProtocolError('invalid_base64', 'not canonical base64url')
  return bytes
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let total = 0
  for (const part of parts) total += part.length
  const joined = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** In time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** Lexicographic order of bytes. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i += 1) {
    const order = (a[i] ?? 0) - (b[i] ?? 0)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Unsigned, big-endian, 8 bytes. */
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

export function readU64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at)
}
