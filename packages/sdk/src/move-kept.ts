import {
  encodeImport,
  keptPath,
  keptTree,
  type LeafTree,
  type Micros,
  type PublicKeyZ32,
  parseObjectProof,
  partOf,
  placeIn,
  revocationPath,
  type Signer,
  signManifest,
} from '@pubky/protocol'
import type { SourceMeta } from './move-types.ts'
import { readRule } from './read-rule.ts'
import type { PublicStorage } from './types.ts'

/** Shows a homeserver that knows of a revocation what the revocation keeps. */
export function keptStatements(o: {
  storage: Pick<PublicStorage, 'get'>
  owner: Signer
  now: () => Micros
}) {
  const { storage, owner } = o
  const lists = new Map<PublicKeyZ32, Promise<LeafTree | null>>()

  async function listOf(signer: PublicKeyZ32): Promise<LeafTree | null> {
    const read = (path: ReturnType<typeof keptPath>) =>
      readRule(storage, { owner: owner.publicKey, path })
    const rule = await read(revocationPath(signer))
    if (rule?.says !== 'revoked' || rule.keep === null) return null
    const list = await read(keptPath(rule.keep))
    return list?.says === 'kept' ? keptTree(list) : null
  }

  return {
    /** The value of `pubky-import` for an object whose signer was revoked; null when it is not kept. */
    async keptHeader({ path, hash, proof }: SourceMeta): Promise<string | null> {
      const part = partOf(path)
      if (!proof || !part) return null
      const { signer } = parseObjectProof(proof)
      const known = lists.get(signer) ?? listOf(signer)
      lists.set(signer, known)
      const tree = await known.catch((error: unknown) => {
        lists.delete(signer)
        throw error
      })
      // The list may still come.
      if (!tree) lists.delete(signer)
      const place = tree ? placeIn(tree, { path, hash }) : -1
      if (!tree || place < 0) return null
      const manifest = await signManifest(owner, part, tree, o.now())
      return encodeImport(manifest, tree.proveAt(place))
    },
  }
}
