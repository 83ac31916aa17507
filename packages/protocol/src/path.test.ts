import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { formatUri, splitUri } from './address.ts'
import { utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { keypairFromSeed } from './keys.ts'
import { parseUri } from './parse-uri.ts'
import {
  decodePath,
  encodePath,
  isDirectoryPath,
  normalizePath,
  parseStrictPath,
  pathRoot,
} from './path.ts'

interface Vectors {
  normalise: { raw: string; path?: string; error?: string }[]
  strict: { text: string; error?: string }[]
  decode: { raw: string; path?: string; encoded?: string; error?: string }[]
}

const vectors = readVectors<Vectors>('paths')
const owner = keypairFromSeed(new Uint8Array(32)).publicKey

const part = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    'pub',
    'a',
    ' ',
    '%',
    '%2F',
    'é',
    '\u0085',
    '\\',
    ':',
    'a'.repeat(256),
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const rawPath = fc.oneof(
  fc.array(part, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`),
  fc.string({ unit: 'binary' }),
)

function codeOf(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

describe('normalizePath', () => {
  // covers 11.2.14d
  it.each(vectors.normalise)('makes of $raw: $path$error', ({ raw, path, error }) => {
    if (path !== undefined) expect(normalizePath(raw)).toBe(path)
    else expect(() => normalizePath(raw)).toThrow(new ProtocolError('invalid_path', error))
  })

  it('gives a canonical path or invalid_path for any text', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const code = codeOf(() => {
          const path = normalizePath(raw)
          expect(normalizePath(path)).toBe(path)
          expect(parseStrictPath(path)).toBe(path)
          expect(utf8(path).length).toBeLessThanOrEqual(972)
        })
        expect([null, 'invalid_path']).toContain(code)
      }),
      { numRuns: 500 },
    )
  })
})

describe('parseStrictPath', () => {
  // covers 11.2.14d
  it.each(vectors.strict)('judges $text: $error', ({ text, error }) => {
    if (error === undefined) expect(parseStrictPath(text)).toBe(text)
    else expect(() => parseStrictPath(text)).toThrow(new ProtocolError('invalid_path', error))
  })

  it('accepts exactly what normalising leaves as it is', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const strict = codeOf(() => parseStrictPath(raw)) === null
        const unchanged = codeOf(() => normalizePath(raw)) === null && normalizePath(raw) === raw
        expect(strict).toBe(unchanged)
      }),
      { numRuns: 300 },
    )
  })
})

describe('decodePath', () => {
  it.each(vectors.decode)('reads $raw as $path$error', ({ raw, path, encoded, error }) => {
    if (path === undefined) expect(() => decodePath(raw)).toThrow(error)
    else {
      expect(decodePath(raw)).toBe(path)
      expect(encodePath(decodePath(raw))).toBe(encoded)
    }
  })

  it('reads what encodePath wrote', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        if (codeOf(() => normalizePath(raw)) !== null) return
        const encoded = encodePath(normalizePath(raw))
        expect(encoded).toMatch(/^[A-Za-z0-9\-._~/%]+$/)
        expect(decodePath(encoded)).toBe(normalizePath(raw))
      }),
      { numRuns: 300 },
    )
  })

  it('refuses any text with a listed error or reads it', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        expect([null, 'invalid_path', 'invalid_utf8']).toContain(codeOf(() => decodePath(raw)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a path', () => {
  it('knows its root and whether it is a directory', () => {
    expect(pathRoot(normalizePath('/pub/a'))).toBe('pub')
    expect(pathRoot(normalizePath('/priv/a'))).toBe('priv')
    expect(pathRoot(normalizePath('/public/a'))).toBeNull()
    expect(pathRoot(normalizePath('/pub'))).toBeNull()
    expect(isDirectoryPath(normalizePath('/pub/a/.'))).toBe(true)
    expect(isDirectoryPath(normalizePath('/pub/a'))).toBe(false)
  })
})

describe('an address', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        if (codeOf(() => normalizePath(raw)) !== null) return
        const path = normalizePath(raw)
        expect(parseUri(formatUri(owner, path))).toEqual({ owner, path })
        expect(parseUri(`pubky${owner}${path}`)).toEqual({ owner, path })
      }),
    )
  })

  it.each([
    '',
    'pubky://',
    `pubky://${owner}`,
    `${owner}/pub/a`,
    `pubky://pubky${owner}/pub/a`,
    `https://${owner}/pub/a`,
    `pubky://${owner.toUpperCase()}/pub/a`,
    ` pubky://${owner}/pub/a`,
  ])('is not %j', (text) => {
    expect(codeOf(() => parseUri(text))).toBe('invalid_address')
  })

  it('needs a strict path and a real key', () => {
    expect(codeOf(() => parseUri(`pubky://${owner}/pub//a`))).toBe('invalid_path')
    expect(codeOf(() => parseUri(`pubky://${'y'.repeat(52)}/pub/a`))).toBe('invalid_public_key')
    expect(splitUri(`pubky://${'y'.repeat(52)}/pub/a`).path).toBe('/pub/a')
  })
})
