import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { toMicros } from './brands.ts'
import { concat, fromHex, toHex, utf8 } from './bytes.ts'
import { blake3Sync } from './hash.ts'
import { keypairFromSeed, randomKeypair } from './keys.ts'
import {
  createObjectProof,
  decodeProofHeader,
  EMPTY_HASH,
  encodeProofHeader,
  type ProofAction,
  parseObjectProof,
  proofStatement,
  verifyObjectProof,
} from './object-proof.ts'
import { normalizePath } from './path.ts'
import { signerFromKeypair } from './signer.ts'

interface Case {
  reason: string
  action: ProofAction
  path: string
  body: string | null
  proof: string
}

const vectors = readVectors<{
  ownerSeed: string
  clientSeed: string
  grant: string
  valid: (Case & { signerSeed: string; timestamp: string; statement: string; header: string })[]
  invalid: (Case & { code: string })[]
}>('object-proofs')

const ownerPair = keypairFromSeed(fromHex(vectors.ownerSeed))
const owner = ownerPair.publicKey
const clientPair = keypairFromSeed(fromHex(vectors.clientSeed))
const client = signerFromKeypair(clientPair, vectors.grant)
const T = toMicros(1_700_000_001_000_000n)

function request({ action, path, body }: Omit<Case, 'reason' | 'proof'>) {
  const hash = body === null ? EMPTY_HASH : blake3Sync(utf8(body))
  return { owner, action, path: normalizePath(path), hash }
}

function isRefusal(error: unknown): boolean {
  const codes = [
    'malformed_proof',
    'proof_action_mismatch',
    'proof_hash_mismatch',
    'invalid_proof_signature',
    'invalid_proof_certificate',
  ]
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

describe('an object proof', () => {
  it.each(vectors.valid)('has the published bytes: $reason', async (vector) => {
    const signer = signerFromKeypair(keypairFromSeed(fromHex(vector.signerSeed)), vectors.grant)
    const statement = { ...request(vector), timestamp: toMicros(BigInt(vector.timestamp)) }
    const proof = await createObjectProof(signer, statement)
    expect(toHex(proofStatement(statement))).toBe(vector.statement)
    expect(toHex(proof)).toBe(vector.proof)
    expect(encodeProofHeader(proof)).toBe(vector.header)
    expect(decodeProofHeader(vector.header)).toEqual(proof)
  })

  it.each(vectors.valid)('is verified: $reason', async (vector) => {
    const { hash, ...unhashed } = request(vector)
    const proof = await verifyObjectProof(fromHex(vector.proof), { ...unhashed, hash })
    expect(proof).toEqual(await verifyObjectProof(fromHex(vector.proof), unhashed))
    expect(proof.timestamp).toBe(BigInt(vector.timestamp))
    expect(proof.hash).toEqual(hash)
    expect(proof.certificate).toBe(proof.signer === owner ? null : vectors.grant)
  })

  it.each(vectors.invalid)('is refused: $reason ($code)', async (vector) => {
    await expect(verifyObjectProof(fromHex(vector.proof), request(vector))).rejects.toThrow(
      expect.objectContaining({ code: vector.code }),
    )
  })

  it.each(
    vectors.valid.filter(({ reason }) =>
      /(owner|client) (writes by|writes$|deletes$)/.test(reason),
    ),
  )('is refused when any byte is changed: $reason', async (vector) => {
    const proof = fromHex(vector.proof)
    const asked = request(vector)
    for (let at = 0; at < proof.length; at += 1) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = proof.map((byte, index) => (index === at ? byte ^ mask : byte))
        await expect(verifyObjectProof(changed, asked)).rejects.toSatisfy(isRefusal)
      }
    }
  })

  it('is refused at every other length', async () => {
    const [vector] = vectors.valid
    if (!vector) throw new Error('no vector')
    const proof = fromHex(vector.proof)
    for (let length = 0; length < proof.length; length += 1)
      expect(() => parseObjectProof(proof.subarray(0, length))).toThrow('proof too short')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 40 }), async (tail) => {
        await expect(verifyObjectProof(concat(proof, tail), request(vector))).rejects.toSatisfy(
          isRefusal,
        )
      }),
    )
  })

  it('is read, or refused as malformed, whatever the bytes', () => {
    const head = concat(Uint8Array.of(0, 1), fromHex(vectors.valid[0]?.proof ?? '').subarray(2, 34))
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(bytes, fc.boolean(), (tail, headed) => {
        try {
          parseObjectProof(headed ? concat(head, tail) : tail)
        } catch (error) {
          expect(error).toMatchObject({ code: 'malformed_proof' })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('speaks of one path, one owner and one body only', async () => {
    const path = fc
      .array(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 3 })
      .map((names) => normalizePath(`/pub/franky/${names.join('/')}`))
    const body = fc.uint8Array({ maxLength: 20 }).map(blake3Sync)
    const signer = fc.constantFrom(signerFromKeypair(ownerPair), client)
    await fc.assert(
      fc.asyncProperty(
        signer,
        path,
        body,
        path,
        body,
        async (by, p, hash, otherPath, otherHash) => {
          const o = { owner, action: 'PUT' as const, path: p, hash }
          const proof = await createObjectProof(by, { ...o, timestamp: T })
          expect((await verifyObjectProof(proof, o)).signer).toBe(by.publicKey)
          if (otherPath !== p)
            await expect(verifyObjectProof(proof, { ...o, path: otherPath })).rejects.toSatisfy(
              isRefusal,
            )
          if (toHex(otherHash) !== toHex(hash))
            await expect(verifyObjectProof(proof, { ...o, hash: otherHash })).rejects.toSatisfy(
              isRefusal,
            )
          const stranger = randomKeypair().publicKey
          await expect(verifyObjectProof(proof, { ...o, owner: stranger })).rejects.toSatisfy(
            isRefusal,
          )
        },
      ),
      { numRuns: 20 },
    )
  })
})

describe('making an object proof', () => {
  const path = normalizePath('/pub/franky/a')
  const hash = blake3Sync(new Uint8Array())

  it('needs a grant that fits in a proof, unless the owner signs', async () => {
    const o = { owner, action: 'PUT', path, hash, timestamp: T } as const
    for (const grant of [undefined, 'a'.repeat(2049)])
      await expect(createObjectProof(signerFromKeypair(clientPair, grant), o)).rejects.toThrow(
        expect.objectContaining({ code: 'invalid_proof_certificate' }),
      )
  })

  it('refuses a hash that no object of the action has', async () => {
    const signer = signerFromKeypair(ownerPair)
    for (const o of [
      { owner, action: 'DELETE', path, hash, timestamp: T } as const,
      { owner, action: 'PUT', path, hash: hash.subarray(1), timestamp: T } as const,
    ])
      await expect(createObjectProof(signer, o)).rejects.toThrow(
        expect.objectContaining({ code: 'proof_hash_mismatch' }),
      )
  })
})

describe('the proof header', () => {
  it.each(['A', 'AB==', 'AAA=', 'AA AA', 'ä', 'A'.repeat(4100)])('is not %j', (text) => {
    expect(() => decodeProofHeader(text)).toThrow(
      expect.objectContaining({ code: 'malformed_proof' }),
    )
  })

  it('holds the longest proof', () => {
    const longest = new Uint8Array(138 + 2048)
    expect(encodeProofHeader(longest).length).toBeLessThanOrEqual(4096)
    expect(decodeProofHeader(encodeProofHeader(longest))).toEqual(longest)
  })
})
