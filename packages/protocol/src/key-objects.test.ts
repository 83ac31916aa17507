import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, test } from 'vitest'
import { type StoragePath, toMicros } from './brands.ts'
import { fromHex, fromUtf8, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { blake3Sync } from './hash.ts'
import {
  encodeKeyRule,
  type KeyRule,
  keptList,
  keptPath,
  keptTree,
  POLICY_PATH,
  parseKeyRule,
  parsePolicy,
  placeIn,
  revocationPath,
  ruleAt,
} from './key-objects.ts'
import { keypairFromSeed } from './keys.ts'
import { isIncluded, type ManifestEntry, manifestTree } from './manifest.ts'
import { policyTextOf, userRecords, withPolicyText } from './packet/pubky-records.ts'
import { signPacket } from './packet/signed-packet.ts'
import { signerFromKeypair } from './signer.ts'

const vectors = readVectors<{
  valid: { reason: string; path: string; body: string; rule: KeyRule }[]
  invalid: { reason: string; path: string; body: string }[]
  kept: { reason: string; entries: { path: string; hash: string }[]; root: string; body: string }[]
}>('key-objects')

const root = keypairFromSeed(new Uint8Array(32).fill(7))
const phone = keypairFromSeed(new Uint8Array(32).fill(9)).publicKey
const entry = (name: string, body = name): ManifestEntry => ({
  path: `/pub/${name}` as StoragePath,
  hash: blake3Sync(utf8(body)),
})

describe('vectors', () => {
  test.each(vectors.valid)('$reason', ({ path, body, rule }) => {
    expect(parseKeyRule(path as StoragePath, utf8(body))).toEqual(rule)
    expect(fromUtf8(encodeKeyRule(rule))).toBe(body)
  })
  test.each(vectors.invalid)('refused: $reason', ({ path, body }) => {
    expect(() => parseKeyRule(path as StoragePath, utf8(body))).toThrow(ProtocolError)
  })
  test.each(vectors.kept)('$reason', ({ entries, root: text, body }) => {
    const listed = entries.map(({ path, hash }) => ({
      path: path as StoragePath,
      hash: fromHex(hash),
    }))
    const list = keptList(listed)
    expect([list.root, fromUtf8(encodeKeyRule(list))]).toEqual([text, body])
    expect(parseKeyRule(keptPath(list.root), encodeKeyRule(list))).toEqual(list)
  })
})

test('a list has the root of the manifest of the same objects, and shows what is in it', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 40 })
  fc.assert(
    fc.property(names, (paths) => {
      const entries = paths.map((path) => entry(path))
      const tree = keptTree(keptList(entries))
      expect(tree.root).toEqual(manifestTree(entries).root)
      for (const one of entries) {
        const place = placeIn(tree, one)
        expect(isIncluded(tree, one, tree.proveAt(place))).toBe(true)
        expect(placeIn(tree, { ...one, hash: blake3Sync(utf8('other')) })).toBe(-1)
      }
    }),
  )
})

test('whatever lies at these paths is a rule or a listed refusal', () => {
  const paths = fc.constantFrom(
    POLICY_PATH,
    revocationPath(phone),
    keptPath('A'.repeat(43)),
    '/pub/pubky.keys/manifest' as StoragePath,
  )
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map(utf8),
    fc
      .record({
        v: fc.constantFrom(1, 2),
        signed: fc.oneof(fc.array(fc.string()), fc.string()),
        since: fc.oneof(fc.integer(), fc.double()),
        at: fc.oneof(fc.integer(), fc.string()),
        keep: fc.option(fc.base64String()),
        leaves: fc.oneof(fc.base64String(), fc.nat()),
      })
      .map((fields) => utf8(JSON.stringify(fields))),
  )
  fc.assert(
    fc.property(paths, bodies, (path, body) => {
      try {
        const rule = parseKeyRule(path, body)
        expect(parseKeyRule(path, encodeKeyRule(rule))).toEqual(rule)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }),
  )
})

test('only keys are revoked, and only roots name lists', () => {
  expect(ruleAt(revocationPath(phone))).toBe('revoked')
  expect(ruleAt('/pub/pubky.keys/revoked/nobody' as StoragePath)).toBeNull()
  expect(ruleAt(keptPath('short'))).toBeNull()
  expect(ruleAt('/pub/pubky.keys/manifest' as StoragePath)).toBeNull()
})

test('the record mirrors a policy of any length, and keeps it when the home changes', async () => {
  const signed = Array.from({ length: 20 }, (_, n) => `/pub/some.app/folder ${n}/` as StoragePath)
  const text = encodeKeyRule({ says: 'policy', signed, since: 5 })
  const signer = signerFromKeypair(root)
  const sign = (records: ReturnType<typeof userRecords>) =>
    signPacket(signer, records, toMicros(1n))
  const first = await sign(withPolicyText(userRecords(null, phone), text))
  expect(policyTextOf(first)).toEqual(text)
  const moved = await sign(userRecords(first, root.publicKey))
  expect(parsePolicy(policyTextOf(moved) ?? utf8(''))).toEqual({ says: 'policy', signed, since: 5 })
  const without = await sign(withPolicyText(moved.records, null))
  expect(policyTextOf(without)).toBeNull()
  expect(without.records).toHaveLength(1)
})
