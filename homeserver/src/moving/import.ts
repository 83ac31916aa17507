import {
  decodeImport,
  IMPORT_HEADER,
  isIncluded,
  isRoot,
  MANIFEST_PATHS,
  type ManifestClaims,
  type ObjectProof,
  ProtocolError,
  type PublicKeyZ32,
  partOf,
  type SignedManifest,
  toBase64Url,
  verifyManifest,
} from '@pubky/protocol'
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import type { StorageTarget } from '../tenant.ts'
import { movingRefusals } from './refusals.ts'

/** Every object of an import shows the same manifest. */
const verified = new LRUCache<string, ManifestClaims>({ max: 256 })

async function claimsOf(owner: PublicKeyZ32, manifest: SignedManifest): Promise<ManifestClaims> {
  const name = `${owner} ${toBase64Url(manifest.proof)} ${toBase64Url(manifest.body)}`
  const known = verified.get(name)
  if (known) return known
  const claims = await verifyManifest(owner, manifest)
  verified.set(name, claims)
  return claims
}

/**
 * Rule 6 of design 6: the proof of an upload may be as old as it likes, because a manifest by the owner key
 * itself lists the object. Comes to the root of that manifest, null for manifests themselves; to null
 * without the header. Throws when the header shows nothing.
 */
export async function importedBy(
  ctx: Context,
  request: Pick<FastifyRequest, 'headers'>,
  target: StorageTarget,
  proof: ObjectProof,
): Promise<{ root: Uint8Array | null } | null> {
  const header = request.headers[IMPORT_HEADER]
  if (typeof header !== 'string' || proof.action !== 'PUT') return null
  const session = await ctx.sessions.resolve(request.headers, target.owner)
  if (!session || !isRoot(session.capabilities)) throw refusals.rootRequired()
  // A manifest cannot list itself; it is one by the owner key, which was checked already.
  if (Object.values(MANIFEST_PATHS).includes(target.path))
    return proof.certificate === null ? { root: null } : null
  try {
    const { manifest, inclusion } = decodeImport(header)
    const claims = await claimsOf(target.owner, manifest)
    const entry = { path: target.path, hash: proof.hash }
    if (manifest.part === partOf(target.path) && isIncluded(claims, entry, inclusion))
      return { root: claims.root }
  } catch (error) {
    if (error instanceof ProtocolError) throw movingRefusals.importHeader(error.message)
    throw error
  }
  throw movingRefusals.importRefused('The manifest does not list this object')
}
