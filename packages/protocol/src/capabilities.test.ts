import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { covers, formatCapabilities, isRoot, parseCapabilities } from './capabilities.ts'
import { ProtocolError } from './errors.ts'
import { normalizePath } from './path.ts'

const vectors = readVectors<{
  valid: { text: string; canonical: string }[]
  invalid: { text: string; error: string }[]
  covers: { text: string; path: string; r: boolean; w: boolean }[]
  root: { text: string; root: boolean }[]
}>('capabilities')

const piece = fc.constantFrom('/', 'pub', 'a', ':', 'r', 'w', ',', '.', '..', ' ', 'é')
const anyText = fc.oneof(
  fc.string(),
  fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
)
const name = fc.constantFrom('pub', 'priv', 'a', 'b')
const path = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([names, directory]) => normalizePath(`/${names.join('/')}${directory ? '/' : ''}`))
const capability = fc
  .record({ scope: path, read: fc.boolean(), write: fc.boolean() })
  .filter(({ read, write }) => read || write)

describe('parseCapabilities', () => {
  // covers 11.2.14e, 11.4.2
  it.each(vectors.valid)('reads $text as $canonical', ({ text, canonical }) => {
    expect(formatCapabilities(parseCapabilities(text))).toBe(canonical)
  })

  // covers 11.4.2
  it.each(vectors.invalid)('refuses $text: $error', ({ text, error }) => {
    expect(() => parseCapabilities(text)).toThrow(new ProtocolError('invalid_capability', error))
  })

  it('reads what was written', () => {
    fc.assert(
      fc.property(fc.array(capability, { maxLength: 5 }), (list) => {
        expect(parseCapabilities(formatCapabilities(list))).toEqual(list)
      }),
    )
  })

  it('reads any text, canonical from then on, or refuses it with its code', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          const canonical = formatCapabilities(parseCapabilities(text))
          expect(formatCapabilities(parseCapabilities(canonical))).toBe(canonical)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          expect(error.code).toBe('invalid_capability')
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('covers', () => {
  // covers 11.2.14e
  it.each(vectors.covers)('$text over $path: read $r, write $w', ({ text, path: raw, r, w }) => {
    const list = parseCapabilities(text)
    expect(covers(list, normalizePath(raw), 'r')).toBe(r)
    expect(covers(list, normalizePath(raw), 'w')).toBe(w)
  })

  it('never reaches beyond the scope', () => {
    fc.assert(
      fc.property(capability, path, (one, target) => {
        if (!covers([one], target, one.write ? 'w' : 'r')) return
        const directory = one.scope.endsWith('/')
        expect(directory ? `${target}/`.startsWith(one.scope) : target === one.scope).toBe(true)
      }),
    )
  })
})

describe('isRoot', () => {
  it.each(vectors.root)('$text: $root', ({ text, root }) => {
    expect(isRoot(parseCapabilities(text))).toBe(root)
  })
})
