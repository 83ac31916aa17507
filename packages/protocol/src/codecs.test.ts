import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import {
  compareBytes,
  concat,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  readU64,
  toBase64,
  toBase64Url,
  toHex,
  u64,
  utf8,
} from './bytes.ts'
import { decodeCrockford, encodeCrockford } from './crockford.ts'
import { ProtocolError } from './errors.ts'
import { decodeZ32, encodeZ32, isPublicKeyText, Z32_ALPHABET } from './z32.ts'

const bytes = fc.uint8Array({ maxLength: 80 })

const CODECS = [
  {
    name: 'hex',
    encode: toHex,
    decode: fromHex,
    code: 'invalid_hex',
    alphabet: '0123456789abcdef',
  },
  {
    name: 'base64',
    encode: toBase64,
    decode: fromBase64,
    code: 'invalid_base64',
    alphabet: 'ABYZabyz0129+/=',
  },
  {
    name: 'base64url',
    encode: toBase64Url,
    decode: fromBase64Url,
    code: 'invalid_base64',
    alphabet: 'ABYZabyz0129-_=',
  },
  {
    name: 'z32',
    encode: encodeZ32,
    decode: decodeZ32,
    code: 'invalid_z32',
    alphabet: Z32_ALPHABET,
  },
  {
    name: 'Crockford',
    encode: encodeCrockford,
    decode: decodeCrockford,
    code: 'invalid_crockford',
    alphabet: '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
  },
] as const

describe.each(CODECS)('$name', ({ encode, decode, code, alphabet }) => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
    )
  })

  it('reads only what it would write, and refuses the rest with its code', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 60 }),
    )
    fc.assert(
      fc.property(text, (value) => {
        try {
          const written = encode(decode(value))
          // Hex is read in either case and written in lower case.
          expect(written).toBe(encode === toHex ? value.toLowerCase() : value)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          expect(error.code).toBe(code)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the codecs', () => {
  it.each(readVectors<{ crockford: { hex: string; text: string }[] }>('auth').crockford)(
    'write $hex in Crockford’s base 32 as $text',
    ({ hex, text }) => {
      expect(encodeCrockford(fromHex(hex))).toBe(text)
      expect(decodeCrockford(text)).toEqual(fromHex(hex))
    },
  )

  it('write the secret of a channel in base64url', () => {
    const hex = '92a9dc784320acd40cff18b4ea84178c0ddc2475ff4509b0d4163a244d5bb1ef'
    expect(toBase64Url(fromHex(hex))).toBe('kqnceEMgrNQM_xi06oQXjA3cJHX_RQmw1BY6JE1bse8')
  })

  it('read upper-case hex', () => {
    expect(fromHex('ABcd')).toEqual(Uint8Array.of(0xab, 0xcd))
  })

  it.each(['AA', 'AB==', 'AAA=A', ' AAA', 'AAA\n', 'AA-_'])('refuse %j as base64', (text) => {
    expect(() => fromBase64(text)).toThrow(ProtocolError)
  })

  it.each(['A', 'AB', 'AA==', 'AA+/', 'AA\n'])('refuse %j as base64url', (text) => {
    expect(() => fromBase64Url(text)).toThrow(ProtocolError)
  })

  it('write large bodies in base64', () => {
    const large = new Uint8Array(200_001).fill(0xa5)
    expect(toBase64(large)).toBe(Buffer.from(large).toString('base64'))
  })

  it.each(['0o', 'ol', 'O', 'l', 'y'])('refuse %j as z32', (text) => {
    expect(() => decodeZ32(text)).toThrow('not z-base-32')
  })
})

describe('isPublicKeyText', () => {
  it('tells the form of a key from anything else, without looking at the curve', () => {
    const key = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
    expect(isPublicKeyText(key)).toBe(true)
    expect(isPublicKeyText('y'.repeat(52))).toBe(true)
    expect(isPublicKeyText(`${key}\n`)).toBe(false)
    expect(isPublicKeyText(`${key.slice(0, -1)}t`)).toBe(false)
    expect(isPublicKeyText(key.toUpperCase())).toBe(false)
  })
})

describe('bytes', () => {
  it('are strict UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (text.isWellFormed()) expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa')
    for (const bad of ['ff', 'c3', 'eda080', 'c080'])
      expect(() => fromUtf8(fromHex(bad))).toThrow('not valid UTF-8')
  })

  it('compare like Buffer', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(equalBytes(a, Uint8Array.from(a))).toBe(true)
        expect(concat(a, b)).toEqual(new Uint8Array(Buffer.concat([a, b])))
      }),
    )
  })

  it('hold 64-bit numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(readU64(concat(Uint8Array.of(9), u64(value)), 1)).toBe(value)
      }),
    )
  })
})
