import { keypairFromSeed } from '@pubky/protocol'
import { describe, expect, it } from 'vitest'
import { labelsOf, looksLikeKey, targetOf, withTld } from './target.ts'

const key = keypairFromSeed(new Uint8Array(32)).publicKey
/** Decodes to 32 bytes that are no point of the curve (spec/discovery.md 9.1). */
const NO_POINT = 'c1bkg8tfsyy8wcedtmw4fwhdmm7bbzhgg3z58tf43m5ow8w9mbuo'

describe('whose a name is', () => {
  // covers 4.4.9, 8.12.11
  it('its last label says, or the one before the top-level domain', () => {
    expect(targetOf(key, 'key')).toEqual({ kind: 'key', key, name: key, hasTld: false })
    expect(targetOf(`a.b.${key}`, 'key')).toMatchObject({ name: `a.b.${key}`, hasTld: false })
    expect(targetOf(`a.${key}.key`, 'key')).toMatchObject({ name: `a.${key}`, hasTld: true })
    expect(targetOf(`${key}.KEY`, 'key')).toMatchObject({ name: key, hasTld: true })
    expect(targetOf(key.toUpperCase(), 'key')).toMatchObject({ kind: 'key', key })
  })

  // covers 4.4.9, 8.12.12
  it('is ICANN’s without a key, or where the top-level domain is another or none', () => {
    for (const name of ['example.com', 'key', 'a.key', '.', `${key}.com`, `${key}.${NO_POINT}`])
      expect(targetOf(name, 'key')).toEqual({ kind: 'icann' })
    expect(targetOf(`${key}.key`, '')).toEqual({ kind: 'icann' })
    expect(targetOf(`${key}.key`, 'pub')).toEqual({ kind: 'icann' })
    expect(targetOf(`${key}.pub`, 'pub')).toMatchObject({ kind: 'key', hasTld: true })
  })

  // covers 9.1.2
  it('is nobody’s in another spelling of a key', () => {
    expect(targetOf(`${key.slice(0, -1)}t`, 'key')).toEqual({ kind: 'misspelt' })
  })

  it('is not told by a dot that stands inside a label', () => {
    expect(labelsOf('a\\.b.c\\046d')).toEqual(['a\\.b', 'c\\046d'])
    expect(targetOf(`a\\.${key}`, 'key')).toEqual({ kind: 'icann' })
  })

  it('may cost something to find out', () => {
    expect(looksLikeKey(`www.${key}`, 'key')).toBe(true)
    expect(looksLikeKey(`${key}.key`, 'key')).toBe(true)
    expect(looksLikeKey(NO_POINT, 'key')).toBe(true)
    expect(looksLikeKey('www.example.com', 'key')).toBe(false)
  })

  // covers 8.12.11
  it('shows in the answers, and leaves the names of others alone', () => {
    expect(withTld(`www.${key}`, 'key')).toBe(`www.${key}.key`)
    expect(withTld('www.example.com', 'key')).toBe('www.example.com')
    expect(withTld(`${key.slice(0, -1)}t`, 'key')).toBe(`${key.slice(0, -1)}t`)
  })
})
