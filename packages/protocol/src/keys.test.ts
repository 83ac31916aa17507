import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import {
  displayKey,
  isPublicKey,
  keypairFromSeed,
  parseDisplayKey,
  parsePublicKey,
  parsePublicKeyLenient,
  publicKeyBytes,
  publicKeyFromBytes,
  randomKeypair,
} from './keys.ts'
import { signerFromKeypair, verifySignature } from './signer.ts'
import { encodeZ32 } from './z32.ts'

const { valid, invalid, lenient } = readVectors<{
  valid: { seed: string | null; hex: string | null; z32: string }[]
  invalid: { z32: string; reason: string }[]
  lenient: { text: string; key: string | null }[]
}>('keys')

const anyText = fc.oneof(
  fc.string(),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeZ32),
  fc
    .tuple(fc.constantFrom('pk:', 'https://', 'a@', '.', ''), fc.constantFrom('.', ':1', '/x?y#z'))
    .map(([before, after]) => before + valid[0]?.z32 + after),
)

describe('parsePublicKey', () => {
  it.each(valid)('reads $z32', ({ seed, hex, z32 }) => {
    const key = parsePublicKey(z32)
    expect(isPublicKey(z32)).toBe(true)
    expect(publicKeyFromBytes(publicKeyBytes(key))).toBe(z32)
    if (hex !== null) expect(toHex(publicKeyBytes(key))).toBe(hex)
    if (seed !== null) expect(keypairFromSeed(fromHex(seed)).publicKey).toBe(z32)
  })

  // covers 8.1.3
  it.each(invalid)('refuses $z32: $reason', ({ z32 }) => {
    expect(isPublicKey(z32)).toBe(false)
    expect(() => parsePublicKey(z32)).toThrow(
      expect.objectContaining({ code: 'invalid_public_key' }),
    )
  })

  it('gives a key or its one error for any text, and agrees with isPublicKey', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let key: string | null = null
        try {
          key = parsePublicKey(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
        expect(isPublicKey(text)).toBe(key !== null)
        if (key !== null) expect(key).toBe(text)
      }),
      { numRuns: 60 },
    )
  })
})

describe('parsePublicKeyLenient', () => {
  // covers 8.1.1, 8.1.2
  it.each(lenient)('takes from $text the key $key', ({ text, key }) => {
    if (key !== null) expect(parsePublicKeyLenient(text)).toBe(key)
    else expect(() => parsePublicKeyLenient(text)).toThrow('Invalid PublicKey encoding')
  })

  it('gives a canonical key or its one error for any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          const key = parsePublicKeyLenient(text)
          expect(parsePublicKey(key)).toBe(key)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          expect(error.code).toBe('invalid_public_key')
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('keys for people', () => {
  // covers 11.2.14f
  it('are read with and without the prefix', () => {
    const { publicKey } = randomKeypair()
    expect(displayKey(publicKey)).toBe(`pubky${publicKey}`)
    expect(parseDisplayKey(displayKey(publicKey))).toBe(publicKey)
    expect(parseDisplayKey(publicKey)).toBe(publicKey)
    expect(() => parseDisplayKey(`pubky://${publicKey}`)).toThrow(ProtocolError)
    expect(() => parseDisplayKey(`pubkypubky${publicKey}`)).toThrow(ProtocolError)
  })
})

describe('a key pair', () => {
  // covers 8.1.4
  it('keeps its own copy of the seed', () => {
    const seed = new Uint8Array(32)
    const pair = keypairFromSeed(seed)
    seed.fill(1)
    expect(pair.secretKey).toEqual(new Uint8Array(32))
  })

  // covers 8.10.1
  it('needs 32 bytes', () => {
    expect(() => keypairFromSeed(new Uint8Array(31))).toThrow('a secret key has 32 bytes')
  })

  // covers 8.1.5
  it('signs what only its own public key verifies', async () => {
    const [a, b] = [randomKeypair(), randomKeypair()]
    const message = Uint8Array.of(1, 2, 3)
    const signature = await signerFromKeypair(a).sign(message)
    expect(await verifySignature(a.publicKey, message, signature)).toBe(true)
    expect(await verifySignature(b.publicKey, message, signature)).toBe(false)
    expect(await verifySignature(a.publicKey, Uint8Array.of(1, 2), signature)).toBe(false)
  })
})
