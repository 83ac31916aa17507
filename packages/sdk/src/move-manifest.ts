import {
  encodeImport,
  isListed,
  type ManifestEntry,
  type ManifestPart,
  type ManifestTree,
  type Micros,
  manifestTree,
  partOf,
  type SignedManifest,
  type Signer,
  type StoragePath,
  signManifest,
} from '@pubky/protocol'

/** The hashes of an account, and manifests of them signed by its owner. */
export interface ManifestKeeper {
  set(path: StoragePath, hash: Uint8Array): void
  delete(path: StoragePath): void
  readonly entries: ReadonlyMap<StoragePath, Uint8Array>
  /** What shows that an object is listed; signs anew when the last manifest lacks it. */
  importHeader(path: StoragePath, hash: Uint8Array): Promise<string>
  /** A manifest of each part that has entries. */
  sign(): Promise<SignedManifest[]>
}

interface Signed {
  tree: ManifestTree
  manifest: SignedManifest
  hashes: ReadonlyMap<StoragePath, Uint8Array>
}

/** `now` is the clock of the home that will judge what is signed. */
export function createManifestKeeper(owner: Signer, now: () => Micros): ManifestKeeper {
  const entries = new Map<StoragePath, Uint8Array>()
  const current = new Map<ManifestPart, Promise<Signed>>()

  async function signPart(part: ManifestPart): Promise<Signed> {
    const listed: ManifestEntry[] = []
    for (const [path, hash] of entries) if (partOf(path) === part) listed.push({ path, hash })
    const tree = manifestTree(listed)
    const manifest = await signManifest(owner, part, tree, now())
    return { tree, manifest, hashes: new Map(listed.map(({ path, hash }) => [path, hash])) }
  }

  function renew(part: ManifestPart): Promise<Signed> {
    const signed = signPart(part)
    current.set(part, signed)
    return signed
  }

  return {
    entries,
    set(path, hash) {
      if (isListed(path)) entries.set(path, hash)
    },
    delete(path) {
      entries.delete(path)
    },
    async importHeader(path, hash) {
      const part = partOf(path) ?? 'pub'
      if (isListed(path)) entries.set(path, hash)
      let signed = await (current.get(part) ?? renew(part))
      if (signed.hashes.get(path) !== hash) signed = await renewFor(path, hash, part)
      const inclusion = signed.tree.prove(path) ?? { index: 0, siblings: [] }
      return encodeImport(signed.manifest, inclusion)
    },
    async sign() {
      const parts: ManifestPart[] = ['pub', 'priv']
      const signed = await Promise.all(parts.map(signPart))
      return signed.filter(({ tree }) => tree.count > 0).map(({ manifest }) => manifest)
    },
  }

  /** Another object may have had it signed anew in the meantime. */
  async function renewFor(
    path: StoragePath,
    hash: Uint8Array,
    part: ManifestPart,
  ): Promise<Signed> {
    const latest = await (current.get(part) ?? renew(part))
    const known = latest.hashes.get(path)
    return known && sameHash(known, hash) ? latest : renew(part)
  }
}

function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
