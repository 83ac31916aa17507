import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, test } from 'vitest'
import { type StoragePath, toMicros } from './brands.ts'
import { fromHex, toHex, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { blake3Sync } from './hash.ts'
import { keypairFromSeed } from './keys.ts'
import {
  decodeImport,
  encodeImport,
  isIncluded,
  type ManifestEntry,
  manifestTree,
  signManifest,
  verifyManifest,
} from './manifest.ts'
import { type Signer, signerFromKeypair } from './signer.ts'

interface Vector {
  reason: string
  entries: { path: string; hash: string }[]
  root: string
  body: string
  proof: string
  header: string
}
const vectors = readVectors<{ ownerSeed: string; asOf: number; trees: Vector[] }>('manifests')
const owner = signerFromKeypair(keypairFromSeed(fromHex(vectors.ownerSeed)))

const entry = (path: string, body = path): ManifestEntry => ({
  path: `/pub/${path}` as StoragePath,
  hash: blake3Sync(utf8(body)),
})
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 40 })

describe('vectors', () => {
  test.each(vectors.trees)('$reason', async ({ entries, root, body, proof, header }) => {
    const tree = manifestTree(
      entries.map(({ path, hash }) => ({ path: path as StoragePath, hash: fromHex(hash) })),
    )
    expect(toHex(tree.root)).toBe(root)
    const signed = await signManifest(owner, 'pub', tree, toMicros(BigInt(vectors.asOf)))
    expect([toHex(signed.body), toHex(signed.proof)]).toEqual([body, proof])
    const first = entries[0]
    const inclusion = first && tree.prove(first.path as StoragePath)
    expect(inclusion ? encodeImport(signed, inclusion) : '').toBe(header)
  })
})

test('every listed path is shown to be in the tree, with its own hash only', () => {
  fc.assert(
    fc.property(names, (paths) => {
      const entries = paths.map((path) => entry(path))
      const tree = manifestTree(entries)
      for (const one of entries) {
        const inclusion = tree.prove(one.path)
        expect(inclusion && isIncluded(tree, one, inclusion)).toBe(true)
        const other = { ...one, hash: blake3Sync(utf8('other')) }
        expect(inclusion && isIncluded(tree, other, inclusion)).toBe(false)
        const elsewhere = { ...one, path: `${one.path}x` as StoragePath }
        expect(inclusion && isIncluded(tree, elsewhere, inclusion)).toBe(false)
      }
      expect(tree.prove('/pub/not there at all' as StoragePath)).toBeNull()
    }),
  )
})

test('the order in which entries are given does not matter, and a change does', () => {
  const entries = ['a', 'b', 'ä', 'c/d'].map((path) => entry(path))
  const { root } = manifestTree(entries)
  expect(manifestTree([...entries].reverse()).root).toEqual(root)
  expect(manifestTree(entries.slice(1)).root).not.toEqual(root)
  expect(() => manifestTree([entry('a'), entry('a', 'other')])).toThrow(ProtocolError)
})

test('a node cannot be passed off as an entry, nor a proof as one of another place', () => {
  const entries = ['a', 'b', 'c', 'd', 'e'].map((path) => entry(path))
  const tree = manifestTree(entries)
  const inclusion = tree.prove(entries[1]?.path as StoragePath)
  const [, second] = entries
  if (!inclusion || !second) throw new Error('not listed')
  expect(isIncluded(tree, second, { ...inclusion, index: 0 })).toBe(false)
  expect(isIncluded(tree, second, { ...inclusion, index: 5 })).toBe(false)
  const short = { ...inclusion, siblings: inclusion.siblings.slice(1) }
  expect(isIncluded(tree, second, short)).toBe(false)
  const long = { ...inclusion, siblings: [...inclusion.siblings, tree.root] }
  expect(isIncluded(tree, second, long)).toBe(false)
})

test('only the owner key signs a manifest, for one part', async () => {
  const tree = manifestTree([entry('a')])
  const signed = await signManifest(owner, 'pub', tree, toMicros(5n))
  expect(await verifyManifest(owner.publicKey, signed)).toEqual({
    root: tree.root,
    count: 1,
    asOf: 5n,
  })
  await expect(verifyManifest(owner.publicKey, { ...signed, part: 'priv' })).rejects.toThrow(
    ProtocolError,
  )
  const other: Signer = signerFromKeypair(keypairFromSeed(new Uint8Array(32).fill(3)))
  await expect(verifyManifest(other.publicKey, signed)).rejects.toThrow(ProtocolError)
  const changed = Uint8Array.from(signed.body)
  changed[changed.length - 2] = 0x39
  await expect(verifyManifest(owner.publicKey, { ...signed, body: changed })).rejects.toThrow(
    ProtocolError,
  )
})

test('the header comes back as it was, and noise is refused in one way', async () => {
  const entries = ['a', 'b', 'c'].map((path) => entry(path))
  const tree = manifestTree(entries)
  const signed = await signManifest(owner, 'priv', tree, toMicros(7n))
  const inclusion = tree.prove('/pub/b' as StoragePath)
  if (!inclusion) throw new Error('not listed')
  expect(decodeImport(encodeImport(signed, inclusion))).toEqual({ manifest: signed, inclusion })
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.uint8Array().map(toHex)), (text) => {
      try {
        decodeImport(text)
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_manifest' })
      }
    }),
  )
})
