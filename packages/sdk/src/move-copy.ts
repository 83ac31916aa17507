import { isListed, MANIFEST_PATHS, partOf, type StoragePath } from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { ManifestKeeper } from './move-manifest.ts'
import { eachAtOnce } from './move-retry.ts'
import { proofTime, WHOLE_BYTES } from './move-source.ts'
import { type AccountTarget, isSameObject, type PutResult } from './move-target.ts'
import type { AccountSource, CopyCounts, SourceMeta, SourceObject } from './move-types.ts'
import { BUNDLE_PATHS, encodeBundle } from './proof-bundle.ts'

const WIDTH = 16
/** So many objects are told by one history sooner than one by one. */
const WORTH_ASKING = 100
const TELL_EVERY_MS = 50
/** Refusals that concern one object only; everything else ends the copying. */
const OF_ONE_OBJECT = new Set([
  'path_collision',
  'too_large',
  'signature_required',
  'signature_invalid',
  'signature_revoked',
  'conflict',
  'bad_address',
  'archive_invalid',
])
const KEYS = /^\/(?:pub|priv)\/pubky\.keys\//

/** Objects that say how signatures are judged: they come last, so that they judge nothing that is older. */
export function isKeyObject(path: StoragePath): boolean {
  return KEYS.test(path)
}

function isManifest(path: StoragePath): boolean {
  return path === MANIFEST_PATHS.pub || path === MANIFEST_PATHS.priv
}

/**
 * Above 0 when `there` is newer than `meta`: by the times that were signed, for the moment of storing says
 * nothing of a copy. Without both signatures only the clocks of both hosts tell.
 */
function aheadOf(there: SourceMeta, meta: SourceMeta): number {
  const [theirs, ours] = [proofTime(there.proof), proofTime(meta.proof)]
  if (theirs !== null && ours !== null) return Number(theirs - ours)
  return there.lastModified.getTime() - meta.lastModified.getTime()
}

export interface Copier {
  readonly counts: CopyCounts
  /**
   * Makes the target equal to the source, but for the objects about keys. With `keep`, what is newer or
   * only at the target stays; with `trust`, what was looked at before is taken as it was then, because
   * every change since is known.
   */
  all(o?: { keep?: boolean; trust?: boolean }): Promise<void>
  /** Makes some paths equal. `late`: what the target has changed since is left alone. */
  some(paths: Iterable<StoragePath>, o?: { late?: boolean }): Promise<void>
  /** Copies the objects about keys, and writes manifests of what was copied. */
  keys(): Promise<void>
}

export interface CopierOptions {
  source: AccountSource
  target: AccountTarget
  manifests: ManifestKeeper
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** Copies objects with their proofs, each at most once, whatever was interrupted before. */
export function createCopier(o: CopierOptions): Copier {
  const { source, target, manifests, signal } = o
  const known = new Map<StoragePath, SourceMeta>()
  const written = new Map<StoragePath, SourceMeta>()
  const counts: CopyCounts = { copied: 0, same: 0, deleted: 0, newer: 0, problems: [] }

  let toldMs = 0
  /** Telling each of many objects would cost as much as copying some of them. */
  function progress(done: number, total: number): void {
    const nowMs = Date.now()
    if (done < total && nowMs - toldMs < TELL_EVERY_MS) return
    toldMs = nowMs
    o.onProgress?.(done, total)
  }

  async function pathsOf(account: Pick<AccountSource, 'paths'>): Promise<Set<StoragePath>> {
    const paths = new Set<StoragePath>()
    for await (const path of account.paths(signal)) paths.add(path)
    return paths
  }

  function forget(path: StoragePath): void {
    known.delete(path)
    written.delete(path)
    manifests.delete(path)
  }

  async function remove(path: StoragePath): Promise<void> {
    forget(path)
    // Objects about keys are never withdrawn.
    if (isKeyObject(path)) return
    await alone(path, async () => {
      await target.delete(path)
      counts.deleted += 1
    })
  }

  /** What one object cannot do is told, and the others go on. */
  async function alone(path: StoragePath, work: () => Promise<void>): Promise<void> {
    const earlier = counts.problems.findIndex((problem) => problem.path === path)
    if (earlier >= 0) counts.problems.splice(earlier, 1)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof PubkyError) || !OF_ONE_OBJECT.has(error.code)) throw error
      counts.problems.push({ path, code: error.code })
      // No manifest may list what did not arrive.
      manifests.delete(path)
    }
  }

  async function copy(
    { path }: Pick<SourceMeta, 'path'>,
    o: { isThere: boolean; unless?: 'newer' | 'as-new' | undefined },
  ): Promise<void> {
    const meta = known.get(path)
    const there = o.isThere ? await whatIsThere(path, meta) : null
    if (meta && there && isSameObject(meta, there, target.keepsProofs)) {
      counts.same += 1
      return
    }
    const ahead = there && meta ? aheadOf(there, meta) : -1
    if (o.unless && (ahead > 0 || (ahead === 0 && o.unless === 'as-new'))) {
      counts.newer += 1
      return
    }
    written.delete(path)
    await alone(path, async () => {
      const result = await putAgain(path, await target.put(path, () => openAsListed(path)))
      if (result === 'newer') counts.newer += 1
      else {
        counts.copied += 1
        const now = known.get(path)
        // Whether a stream arrived as it was is seen when it is compared.
        if (now && now.size <= WHOLE_BYTES) written.set(path, now)
      }
    })
  }

  /** What only a deletion stands above is kept without its proof, rather than lost. */
  async function putAgain(path: StoragePath, first: PutResult): Promise<PutResult> {
    if (first !== 'newer' || (await target.head(path, signal))) return first
    return target.put(path, async () => {
      const object = await openAsListed(path)
      return object && { ...object, proof: null }
    })
  }

  /** What was acknowledged to this copier is there, for nobody else writes to the target. */
  async function whatIsThere(
    path: StoragePath,
    meta: SourceMeta | undefined,
  ): Promise<SourceMeta | null> {
    const own = written.get(path)
    return own && own === meta ? own : target.head(path, signal)
  }

  /** What changed since it was looked at is listed as it is now. */
  async function openAsListed(path: StoragePath): Promise<SourceObject | null> {
    const object = await source.open(path, signal)
    if (!object) forget(path)
    else {
      const { body: _, ...meta } = object
      known.set(path, meta)
      manifests.set(path, object.hash)
    }
    return object
  }

  /** Looks at objects and lists their hashes. What lies only at the source is looked at when it is read. */
  async function survey(
    paths: readonly StoragePath[],
    o: { trust?: boolean; hashes?: ReadonlyMap<StoragePath, Uint8Array> } = {},
  ): Promise<Pick<SourceMeta, 'path'>[]> {
    const metas: Pick<SourceMeta, 'path'>[] = []
    await eachAtOnce(paths, WIDTH, async (path) => {
      const hash = o.hashes?.get(path)
      if (hash) {
        manifests.set(path, hash)
        metas.push({ path })
        return
      }
      const meta = (o.trust && known.get(path)) || (await source.head(path, signal))
      if (!meta) return forget(path)
      known.set(path, meta)
      manifests.set(path, meta.hash)
      metas.push(meta)
    })
    return metas
  }

  /** Hashes of what the target lacks, where the source can tell them all at once. */
  async function hashesOf(
    wanted: ReadonlySet<StoragePath>,
    there: ReadonlySet<StoragePath>,
  ): Promise<ReadonlyMap<StoragePath, Uint8Array>> {
    const missing = [...wanted].filter((path) => !there.has(path))
    if (missing.length < WORTH_ASKING) return new Map()
    const all = (await source.hashes?.(signal)) ?? new Map<StoragePath, Uint8Array>()
    return new Map(
      missing.flatMap((path) => {
        const hash = all.get(path)
        return hash ? [[path, hash] as const] : []
      }),
    )
  }

  async function bundleProofs(): Promise<void> {
    for (const part of ['pub', 'priv'] as const) {
      const proofs = [...known.values()].flatMap(({ path, proof }) =>
        proof && partOf(path) === part ? [[path, proof] as const] : [],
      )
      if (proofs.length > 0) await target.write(BUNDLE_PATHS[part], encodeBundle(proofs))
    }
  }

  return {
    counts,
    async all({ keep = false, trust = false } = {}) {
      const [wanted, there] = await Promise.all([pathsOf(source), pathsOf(target)])
      for (const path of [...manifests.entries.keys()]) if (!wanted.has(path)) forget(path)
      // Files that are gone may lie where folders are now.
      const surplus = keep ? [] : [...there].filter((path) => !wanted.has(path))
      await eachAtOnce(surplus, WIDTH, remove)
      const hashes = trust ? new Map() : await hashesOf(wanted, there)
      const metas = await survey([...wanted], { trust, hashes })
      let done = 0
      await eachAtOnce(metas, WIDTH, async (meta) => {
        if (!isKeyObject(meta.path))
          await copy(meta, { isThere: there.has(meta.path), unless: keep ? 'as-new' : undefined })
        done += 1
        progress(done, metas.length)
      })
    },
    async some(paths, { late = false } = {}) {
      const wanted = [...new Set(paths)].filter((path) => !isKeyObject(path))
      const metas = await survey(wanted)
      const present = new Set(metas.map(({ path }) => path))
      // A late deletion is not told from something that is only at the new home.
      const gone = late ? [] : wanted.filter((path) => !present.has(path))
      await eachAtOnce(gone, WIDTH, remove)
      await eachAtOnce(metas, WIDTH, (meta) =>
        copy(meta, { isThere: true, unless: late ? 'newer' : undefined }),
      )
    },
    async keys() {
      const [wanted, there] = await Promise.all([pathsOf(source), pathsOf(target)])
      const metas = await survey(
        [...wanted].filter((path) => isKeyObject(path) && !isManifest(path)),
      )
      // Lists of what is kept come before the revocations that name them.
      metas.sort((a, b) => (a.path < b.path ? -1 : 1))
      for (const meta of metas) await copy(meta, { isThere: there.has(meta.path) })
      if (!target.keepsProofs) return bundleProofs()
      // A manifest says that there is nothing else.
      const isAll = [...there].every((path) => manifests.entries.has(path) || !isListed(path))
      if (!isAll || counts.newer > 0) return
      for (const manifest of await manifests.sign()) {
        const path = MANIFEST_PATHS[manifest.part]
        const { body, proof } = manifest
        const meta = {
          path,
          hash: new Uint8Array(32),
          size: body.length,
          proof,
          lastModified: new Date(),
        }
        await target.put(path, async () => ({ ...meta, body }))
      }
    },
  }
}
