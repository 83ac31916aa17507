import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../bytes.ts'
import { publicKeyFromBytes } from '../keys.ts'
import { nobleVerify } from './noble-verify.ts'
import { primitives as node } from './node.ts'
import { primitives as web } from './web.ts'

interface Vector {
  reason: string
  key: string
  message: string
  signature: string
  valid: boolean
}

const { Point } = ed25519
const L = Point.Fn.ORDER
const SEED = new Uint8Array(32).fill(7)
const NONCE = 123_456_789n

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`)
}

function bytes32(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')).toReversed()
}

function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return number(sha512(concat(r, key, message))) % L
}

const { scalar: secret, pointBytes: key } = ed25519.utils.getExtendedPublicKey(SEED)
const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex, true))
const eighth = torsion.find((point) => !point.double().double().is0()) ?? Point.ZERO
const mixed = Point.fromBytes(key).add(eighth).toBytes()
const message = utf8('hello')

/** A signature with a chosen R, made as the holder of `secret` would. */
function forge(
  r: Uint8Array,
  nonce: bigint,
  publicKey: Uint8Array = key,
  text = message,
): Uint8Array {
  return concat(r, bytes32((nonce + challenge(r, publicKey, text) * secret) % L))
}

/** A message whose challenge is a multiple of 8, so that torsion in the key drops out. */
function messageWithoutTorsion(r: Uint8Array, publicKey: Uint8Array): Uint8Array {
  for (let i = 0; ; i += 1) {
    const text = utf8(`message ${i}`)
    if (challenge(r, publicKey, text) % 8n === 0n) return text
  }
}

function build(): Vector[] {
  const cases: Vector[] = []
  const add = (reason: string, valid: boolean, k: Uint8Array, m: Uint8Array, s: Uint8Array) =>
    cases.push({ reason, key: toHex(k), message: toHex(m), signature: toHex(s), valid })
  const nonced = Point.BASE.multiply(NONCE)
  const r = nonced.toBytes()
  const identity = Point.ZERO.toBytes()
  const good = ed25519.sign(message, SEED)
  add('an ordinary signature', true, key, message, good)
  add('an empty message', true, key, new Uint8Array(), ed25519.sign(new Uint8Array(), SEED))
  add('a nonce of the signer’s choice', true, key, message, forge(r, NONCE))
  add('another message', false, key, utf8('hallo'), good)
  add(
    'S + L',
    false,
    key,
    message,
    concat(good.subarray(0, 32), bytes32(number(good.subarray(32)) + L)),
  )
  add('R with a torsion part', false, key, message, forge(nonced.add(eighth).toBytes(), NONCE))
  add('R is the identity and S = k·a', true, key, message, forge(identity, 0n))
  add(
    'R is the identity in another spelling',
    false,
    key,
    message,
    forge(fromHex(`ee${'ff'.repeat(30)}7f`), 0n),
  )
  add(
    'R is the identity with a sign',
    false,
    key,
    message,
    forge(fromHex(`01${'00'.repeat(30)}80`), 0n),
  )
  add('R is of order 8', false, key, message, forge(eighth.toBytes(), 0n))
  const lucky = messageWithoutTorsion(r, mixed)
  add(
    'a key with a torsion part that drops out',
    false,
    mixed,
    lucky,
    forge(r, NONCE, mixed, lucky),
  )
  add('a key with a torsion part', false, mixed, message, forge(r, NONCE, mixed))
  for (const [index, point] of torsion.entries()) {
    const small = point.toBytes()
    const text = messageWithoutTorsion(r, small)
    const anybody = concat(r, bytes32(NONCE))
    add(`a key of small order (${index}), signed by anybody`, false, small, text, anybody)
  }
  const aliases = [`ee${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`, `01${'00'.repeat(30)}80`]
  for (const alias of aliases) {
    const text = messageWithoutTorsion(r, fromHex(alias))
    add('a key in another spelling', false, fromHex(alias), text, concat(r, bytes32(NONCE)))
  }
  const off = fromHex('6482a31e25b0007a31038ae9a2d3835afa10df86366fb3c4bacaf70a1e9f5867')
  add('a key off the curve', false, off, message, good)
  add('a key that is short', false, key.subarray(1), message, good)
  add('a signature that is short', false, key, message, good.subarray(0, 63))
  add('a signature that is long', false, key, message, concat(good, Uint8Array.of(0)))
  add('no signature', false, key, message, new Uint8Array())
  add('zeros', false, key, message, new Uint8Array(64))
  return cases
}

const vectors = readVectors<Vector[]>('ed25519')

afterEach(() => vi.unstubAllGlobals())

describe('verifying a signature', () => {
  it('has the vectors that noble’s points give', () => {
    expect(build()).toEqual(vectors)
  })

  // covers 8.1.7
  it.each(vectors)('gives the same verdict everywhere: $reason', async (vector) => {
    const parts = [vector.key, vector.message, vector.signature].map(fromHex)
    const [k = key, m = message, s = message] = parts
    const verdicts = {
      node: await node.verify(k, m, s),
      web: await web.verify(k, m, s),
      noble: nobleVerify(k, m, s),
    }
    expect(verdicts).toEqual({ node: vector.valid, web: vector.valid, noble: vector.valid })
  })

  it.each(vectors)('works where WebCrypto has no Ed25519: $reason', async (vector) => {
    const refuse = () => Promise.reject(new DOMException('no', 'NotSupportedError'))
    vi.stubGlobal('crypto', { subtle: { importKey: refuse } })
    vi.resetModules()
    const { primitives } = await import('./web.ts')
    const [k = key, m = message, s = message] = [vector.key, vector.message, vector.signature].map(
      fromHex,
    )
    expect(await primitives.verify(k, m, s)).toBe(vector.valid)
  })

  it.each(vectors)('works where libsodium is absent: $reason', async (vector) => {
    const absent = vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      throw new Error('absent')
    })
    vi.resetModules()
    const { primitives } = await import('./node.ts')
    expect(absent).toHaveBeenCalled()
    absent.mockRestore()
    const [k = key, m = message, s = message] = [vector.key, vector.message, vector.signature].map(
      fromHex,
    )
    expect(await primitives.verify(k, m, s)).toBe(vector.valid)
  })

  it('takes R as it is, without any torsion part', async () => {
    const nonced = Point.BASE.multiply(NONCE)
    const verdicts = torsion.map(async (point) => {
      const signature = forge(nonced.add(point).toBytes(), NONCE)
      const verdict = await node.verify(key, message, signature)
      expect([await web.verify(key, message, signature), point.is0()]).toEqual([verdict, verdict])
      return verdict
    })
    expect((await Promise.all(verdicts)).filter(Boolean)).toHaveLength(1)
  })

  it.each(vectors.filter(({ reason }) => reason.startsWith('a key')))(
    'finds the key out where it is parsed: $reason',
    (vector) => {
      expect(() => publicKeyFromBytes(fromHex(vector.key))).toThrow('Invalid public key')
    },
  )

  it('refuses every signature with one bit changed', async () => {
    const good = ed25519.sign(message, SEED)
    const bit = fc.nat(good.length * 8 - 1)
    await fc.assert(
      fc.asyncProperty(bit, async (at) => {
        const bad = Uint8Array.from(good)
        bad[at >> 3] = (bad[at >> 3] ?? 0) ^ (1 << (at & 7))
        expect(await node.verify(key, message, bad)).toBe(false)
        expect(await web.verify(key, message, bad)).toBe(false)
        expect(nobleVerify(key, message, bad)).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})

describe('both sides', () => {
  it('sign and hash the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        async (seed, text) => {
          const signature = await node.sign(seed, text)
          expect(await web.sign(seed, text)).toEqual(signature)
          expect(await node.verify(ed25519.getPublicKey(seed), text, signature)).toBe(true)
          expect(await web.verify(ed25519.getPublicKey(seed), text, signature)).toBe(true)
          expect(await web.sha256(text)).toEqual(await node.sha256(text))
        },
      ),
      { numRuns: 20 },
    )
  })
})
