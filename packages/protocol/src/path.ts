import type { StoragePath } from './brands.ts'
import { fromUtf8, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'

/** Bytes of a path, so that key and path together take at most 1024 (spec/homeserver.md 5.1). */
export const MAX_PATH_BYTES = 972
export const MAX_SEGMENT_BYTES = 255

function bad(reason: string): never {
  throw new ProtocolError('invalid_path', reason)
}

function checkCharacters(path: string): void {
  if (!path.startsWith('/')) bad('path must be absolute')
  if (/\p{Cc}/u.test(path)) bad('path contains a control character')
  if (path.includes('\\')) bad('path must not contain a backslash')
  if (/\p{White_Space}$/u.test(path)) bad('path must not end in whitespace')
  if (!path.isWellFormed()) bad('path is not valid Unicode')
}

function byteLength(text: string): number {
  // Most paths are ASCII, where characters are bytes.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : utf8(text).length
}

function checkLengths(path: string, segments: readonly string[]): void {
  for (const segment of segments) {
    const length = byteLength(segment)
    if (length > MAX_SEGMENT_BYTES)
      bad(`path segment is ${length} bytes; maximum is ${MAX_SEGMENT_BYTES}`)
  }
  const length = byteLength(path)
  if (length > MAX_PATH_BYTES) bad(`path is ${length} bytes; maximum is ${MAX_PATH_BYTES}`)
}

/** What most paths are: segments of plain characters, none of which begins with a dot. */
const PLAIN = /^(?:\/[\w\-~!$&'()*+,;=:@][\w\-.~!$&'()*+,;=:@]{0,254})+\/?$/

function isPlain(path: string): boolean {
  return path.length <= MAX_PATH_BYTES && PLAIN.test(path)
}

/**
 * Normalises a decoded path: empty and `.` segments go, `..` removes the one before. A final `/`, `.`
 * or `..` makes it a directory, which ends in `/`. Throws `invalid_path` with the spec's reason.
 */
export function normalizePath(raw: string): StoragePath {
  if (isPlain(raw)) return raw as StoragePath
  checkCharacters(raw)
  const segments: string[] = []
  const parts = raw.split('/').slice(1)
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part !== '..') segments.push(part)
    else if (segments.pop() === undefined) bad('path traverses above root')
  }
  const last = parts.at(-1)
  const directory = last === '' || last === '.' || last === '..'
  const path = segments.length === 0 ? '/' : `/${segments.join('/')}${directory ? '/' : ''}`
  checkLengths(path, segments)
  return path as StoragePath
}

/** Percent-decodes the path of a request target exactly once, then normalises it. */
export function decodePath(rawUrlPath: string): StoragePath {
  return normalizePath(percentDecode(rawUrlPath))
}

/** A `%` that begins no escape stands for itself. Throws `invalid_utf8`. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  const bytes = utf8(text)
  const decoded = new Uint8Array(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i += 1) {
    const escaped = bytes[i] === 0x25 ? hexByte(bytes[i + 1], bytes[i + 2]) : null
    decoded[length] = escaped ?? bytes[i] ?? 0
    length += 1
    if (escaped !== null) i += 2
  }
  return fromUtf8(decoded.subarray(0, length))
}

function hexByte(high: number | undefined, low: number | undefined): number | null {
  const digit = (code: number | undefined) =>
    code === undefined ? -1 : '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  const [h, l] = [digit(high), digit(low)]
  return h < 0 || l < 0 ? null : h * 16 + l
}

/** Accepts only what `normalizePath` would leave as it is. Throws `invalid_path`. */
export function parseStrictPath(text: string): StoragePath {
  if (isPlain(text)) return text as StoragePath
  checkCharacters(text)
  const parts = text.split('/').slice(1)
  parts.forEach((part, index) => {
    if (part === '' && index < parts.length - 1) bad('path contains an empty segment')
    if (part === '.') bad('path contains a `.` segment')
    if (part === '..') bad('path contains a `..` segment')
  })
  checkLengths(text, parts)
  return text as StoragePath
}

export function isDirectoryPath(path: StoragePath): boolean {
  return path.endsWith('/')
}

/** For URLs: everything but `A–Z a–z 0–9 - . _ ~ /` becomes percent escapes. */
export function encodePath(path: StoragePath): string {
  return path.replace(/[^A-Za-z0-9\-._~/]+/gu, (text) => {
    let escaped = ''
    for (const byte of utf8(text)) escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return escaped
  })
}

/** The two roots that exist, or null for any other path. */
export function pathRoot(path: StoragePath): 'pub' | 'priv' | null {
  if (path.startsWith('/pub/')) return 'pub'
  return path.startsWith('/priv/') ? 'priv' : null
}
