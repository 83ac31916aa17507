import { type Micros, type PublicKeyZ32, type StoragePath, toMicros } from './brands.ts'
import {
  compareBytes,
  concat,
  equalBytes,
  fromBase64Url,
  fromUtf8,
  readU64,
  toBase64Url,
  u64,
  utf8,
} from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { blake3Sync } from './hash.ts'
import { createObjectProof, verifyObjectProof } from './object-proof.ts'
import type { Signer } from './signer.ts'

/** The part of an account that a manifest lists. */
export type ManifestPart = 'pub' | 'priv'

/** Where the manifest of each part lies (design 6). */
export const MANIFEST_PATHS: Readonly<Record<ManifestPart, StoragePath>> = {
  pub: '/pub/pubky.keys/manifest' as StoragePath,
  priv: '/priv/pubky.keys/manifest' as StoragePath,
}

/** Name of the HTTP header that shows an object to be listed in a manifest. */
export const IMPORT_HEADER = 'pubky-import'

export interface ManifestEntry {
  path: StoragePath
  /** BLAKE3 of the body. */
  hash: Uint8Array
}

/** What a manifest says: every path of its part with its hash, complete at `asOf`. */
export interface ManifestClaims {
  root: Uint8Array
  count: number
  asOf: Micros
}

/** A manifest as it is stored: the object's body and its proof by the owner key. */
export interface SignedManifest {
  part: ManifestPart
  body: Uint8Array
  proof: Uint8Array
}

/** Shows that an entry is in a tree: its place, and the nodes beside the way to the root. */
export interface Inclusion {
  index: number
  siblings: Uint8Array[]
}

/** A tree of which only the leaves are known. */
export interface LeafTree {
  readonly root: Uint8Array
  readonly count: number
  /** In the byte order of their paths. */
  readonly leaves: readonly Uint8Array[]
  proveAt(index: number): Inclusion
}

export interface ManifestTree extends LeafTree {
  /** Null when the path is not listed. */
  prove(path: StoragePath): Inclusion | null
}

const HASH_BYTES = 32
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
const MAX_BODY_BYTES = 1024
const MAX_DEPTH = 48
const MAX_HEADER_CHARACTERS = 4096
const PROOF_BYTES = 138
const PARTS = { pub: 1, priv: 2 } as const

function bad(reason: string, cause?: unknown): never {
  throw new ProtocolError('invalid_manifest', reason, cause)
}

export function partOf(path: StoragePath): ManifestPart | null {
  if (path.startsWith('/pub/')) return 'pub'
  return path.startsWith('/priv/') ? 'priv' : null
}

/** A manifest lists everything but the manifests themselves. */
export function isListed(path: StoragePath): boolean {
  return path !== MANIFEST_PATHS.pub && path !== MANIFEST_PATHS.priv
}

/** What stands for an entry in the tree. */
export function manifestLeaf({ path, hash }: ManifestEntry): Uint8Array {
  return blake3Sync(concat(LEAF, hash, utf8(path)))
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return blake3Sync(concat(NODE, left, right))
}

/** The tree over leaves that are in order. */
export function treeOfLeaves(leaves: readonly Uint8Array[]): LeafTree {
  const levels: (readonly Uint8Array[])[] = [leaves]
  for (let level = leaves; level.length > 1; ) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]]
      if (left) above.push(right ? nodeHash(left, right) : left)
    }
    levels.push(above)
    level = above
  }
  return {
    root: levels.at(-1)?.[0] ?? new Uint8Array(HASH_BYTES),
    count: leaves.length,
    leaves,
    proveAt(index) {
      const siblings: Uint8Array[] = []
      let at = index
      for (const level of levels.slice(0, -1)) {
        const sibling = level[at ^ 1]
        if (sibling) siblings.push(sibling)
        at >>= 1
      }
      return { index, siblings }
    },
  }
}

/**
 * The Merkle tree over entries in the byte order of their paths: leaf = BLAKE3(0 ‖ hash ‖ path), node =
 * BLAKE3(1 ‖ left ‖ right); a node without a right neighbour moves up as it is. No entries: 32 zero bytes.
 */
export function manifestTree(entries: Iterable<ManifestEntry>): ManifestTree {
  const named = [...entries].map((entry) => ({ entry, name: utf8(entry.path) }))
  named.sort((a, b) => compareBytes(a.name, b.name))
  const places = new Map(named.map(({ entry }, index) => [entry.path, index]))
  if (places.size !== named.length) bad('a path is listed twice')
  const tree = treeOfLeaves(named.map(({ entry }) => manifestLeaf(entry)))
  return {
    ...tree,
    prove(path) {
      const index = places.get(path)
      return index === undefined ? null : tree.proveAt(index)
    },
  }
}

/** Whether an entry is in the tree of which root and count are known. */
export function isIncluded(
  { root, count }: Pick<ManifestClaims, 'root' | 'count'>,
  entry: ManifestEntry,
  { index, siblings }: Inclusion,
): boolean {
  if (index >= count) return false
  let node = manifestLeaf(entry)
  let at = index
  let used = 0
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const isLonely = at === width - 1 && width % 2 === 1
    if (!isLonely) {
      const sibling = siblings[used]
      if (!sibling) return false
      used += 1
      node = at % 2 === 0 ? nodeHash(node, sibling) : nodeHash(sibling, node)
    }
    at = Math.floor(at / 2)
  }
  return used === siblings.length && equalBytes(node, root)
}

function manifestBody({ root, count, asOf }: ManifestClaims): Uint8Array {
  return utf8(JSON.stringify({ v: 1, root: toBase64Url(root), count, as_of: Number(asOf) }))
}

function readBody(body: Uint8Array): ManifestClaims {
  if (body.length > MAX_BODY_BYTES) return bad('too long')
  try {
    const json = JSON.parse(fromUtf8(body)) as Record<string, unknown> | null
    const { v, root, count, as_of: asOf } = json ?? {}
    if (v !== 1 || typeof root !== 'string') return bad('unknown version')
    const bytes = fromBase64Url(root)
    const isCount = typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    const isTime = typeof asOf === 'number' && Number.isSafeInteger(asOf) && asOf >= 0
    if (bytes.length !== HASH_BYTES || !isCount || !isTime) return bad('a field is missing')
    return { root: bytes, count, asOf: toMicros(BigInt(asOf)) }
  } catch (cause) {
    if (cause instanceof ProtocolError && cause.code === 'invalid_manifest') throw cause
    return bad('not JSON', cause)
  }
}

/** Signs the manifest of one part. `owner` is the owner's own key; no other counts. */
export async function signManifest(
  owner: Signer,
  part: ManifestPart,
  tree: Pick<ManifestTree, 'root' | 'count'>,
  asOf: Micros,
): Promise<SignedManifest> {
  const body = manifestBody({ root: tree.root, count: tree.count, asOf })
  const proof = await createObjectProof(owner, {
    owner: owner.publicKey,
    action: 'PUT',
    path: MANIFEST_PATHS[part],
    hash: blake3Sync(body),
    timestamp: asOf,
  })
  return { part, body, proof }
}

/** Throws `invalid_manifest`, or what `verifyObjectProof` throws. */
export async function verifyManifest(
  owner: PublicKeyZ32,
  { part, body, proof }: SignedManifest,
): Promise<ManifestClaims> {
  const claims = readBody(body)
  const { certificate } = await verifyObjectProof(proof, {
    owner,
    action: 'PUT',
    path: MANIFEST_PATHS[part],
    hash: blake3Sync(body),
  })
  if (certificate !== null) return bad('only the owner key itself signs a manifest')
  return claims
}

/**
 * The value of `pubky-import`, in base64url: 0 ‖ part(1) ‖ proof(138) ‖ length of body(2) ‖ body ‖
 * index(8) ‖ siblings(32 each).
 */
export function encodeImport(manifest: SignedManifest, { index, siblings }: Inclusion): string {
  const length = Uint8Array.of(manifest.body.length >> 8, manifest.body.length & 0xff)
  const head = Uint8Array.of(0, PARTS[manifest.part])
  const place = u64(BigInt(index))
  return toBase64Url(concat(head, manifest.proof, length, manifest.body, place, ...siblings))
}

/** Reads the header; nothing is verified. Throws `invalid_manifest`. */
export function decodeImport(text: string): { manifest: SignedManifest; inclusion: Inclusion } {
  if (text.length > MAX_HEADER_CHARACTERS) return bad('header too long')
  let bytes: Uint8Array
  try {
    bytes = fromBase64Url(text)
  } catch (cause) {
    return bad('header is not base64url', cause)
  }
  const bodyAt = 2 + PROOF_BYTES + 2
  if (bytes.length < bodyAt + 8 || bytes[0] !== 0) return bad('unknown version')
  const part =
    bytes[1] === PARTS.pub ? 'pub' : bytes[1] === PARTS.priv ? 'priv' : bad('no such part')
  const length = ((bytes[bodyAt - 2] ?? 0) << 8) | (bytes[bodyAt - 1] ?? 0)
  const indexAt = bodyAt + length
  const rest = bytes.length - indexAt - 8
  if (rest < 0 || rest % HASH_BYTES !== 0 || rest / HASH_BYTES > MAX_DEPTH)
    return bad('wrong length')
  const index = Number(readU64(bytes, indexAt))
  if (!Number.isSafeInteger(index)) return bad('index too large')
  const siblings: Uint8Array[] = []
  for (let at = indexAt + 8; at < bytes.length; at += HASH_BYTES)
    siblings.push(bytes.slice(at, at + HASH_BYTES))
  const proof = bytes.slice(2, 2 + PROOF_BYTES)
  return {
    manifest: { part, proof, body: bytes.slice(bodyAt, indexAt) },
    inclusion: { index, siblings },
  }
}
