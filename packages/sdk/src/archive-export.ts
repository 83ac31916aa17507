import {
  createBlake3,
  type EventId,
  equalBytes,
  type PublicKeyZ32,
  type Signer,
  type StoragePath,
} from '@pubky/protocol'
import {
  type ArchiveFile,
  type ArchiveIndex,
  archivedBody,
  archiveInvalid,
  endRecord,
  goneRecord,
  objectRecord,
  readArchive,
  startRecord,
} from './archive.ts'
import { PubkyError } from './errors.ts'
import { openRootSession } from './move-home.ts'
import { createManifestKeeper } from './move-manifest.ts'
import { eachAtOnce, insist } from './move-retry.ts'
import { accountSource, type LiveSource, soundProof } from './move-source.ts'
import { isSameObject } from './move-target.ts'
import type { SourceMeta, SourceObject } from './move-types.ts'
import type { Pubky } from './types.ts'

const WIDTH = 8
const MAX_ROUNDS = 20

export interface ExportOptions {
  file: ArchiveFile
  /** The user's own unless told. */
  homeserver?: PublicKeyZ32
  signal?: AbortSignal
  onProgress?: (done: number, total: number) => void
}

export interface ExportReport {
  objects: number
  /** Records added by this run; the rest was there. */
  added: number
}

/**
 * Writes everything of an account into an archive, public and private, with proofs, and signs what it
 * holds. A file that an interrupted export left is completed, a complete one brought up to date.
 */
export async function exportAccount(
  pubky: Pubky,
  root: Signer,
  o: ExportOptions,
): Promise<ExportReport> {
  const { signal } = o
  const opt = signal ? { signal } : {}
  const homeserver =
    o.homeserver ?? (await insist(() => pubky.homeserverOf(root.publicKey, opt), opt))
  if (!homeserver) throw new PubkyError('no_homeserver', { detail: root.publicKey })
  const index = await takeUp(o.file, root.publicKey, homeserver)
  const session = await openRootSession(pubky, root, homeserver, opt)
  try {
    const host = await insist(() => pubky.hosts.find(homeserver, opt), opt)
    const writer = createWriter(o, index, {
      owner: root.publicKey,
      source: accountSource(session, host),
    })
    const cursor = await writer.everything()
    const manifests = createManifestKeeper(root, () => host.clock.next())
    for (const { path, hash } of index.objects.values()) manifests.set(path, hash)
    await o.file.append(endRecord({ cursor, manifests: await manifests.sign() }))
    await o.file.sync()
    return { objects: index.objects.size, added: writer.added }
  } finally {
    await Promise.allSettled([session.signOut()])
  }
}

/** Goes on after the last whole record of a file. */
async function takeUp(
  file: ArchiveFile,
  owner: PublicKeyZ32,
  homeserver: PublicKeyZ32,
): Promise<ArchiveIndex> {
  const index = await readArchive(file)
  if (index.start && index.start.owner !== owner)
    throw archiveInvalid('this is the archive of another account')
  await file.truncate(index.soundBytes)
  await dropDamagedEnd(file, index)
  if (!index.start) await file.append(startRecord({ owner, homeserver }))
  return index
}

/** A power cut can leave a record whose length is right and whose body is not. */
async function dropDamagedEnd(file: ArchiveFile, index: ArchiveIndex): Promise<void> {
  const last = [...index.objects.values()].sort((a, b) => a.at - b.at).at(-1)
  if (!last || index.end) return
  try {
    for await (const _ of archivedBody(file, last));
  } catch (error) {
    if (!(error instanceof PubkyError)) throw error
    // The record stays as dead bytes; the object is read anew and written after it.
    index.objects.delete(last.path)
  }
}

function createWriter(
  { file, signal, onProgress }: ExportOptions,
  index: ArchiveIndex,
  { owner, source }: { owner: PublicKeyZ32; source: LiveSource },
) {
  let added = 0
  let appending: Promise<void> = Promise.resolve()

  /** Records must not lie inside each other. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const turn = appending.catch(() => {}).then(work)
    appending = turn
    return turn
  }

  async function append(object: SourceObject): Promise<void> {
    const before = await file.size()
    const head = objectRecord(object)
    try {
      await file.append(head)
      await appendBody(object)
    } catch (error) {
      await file.truncate(before)
      throw error
    }
    index.objects.set(object.path, { ...toMeta(object), at: before + head.length })
    added += 1
  }

  async function appendBody({ body, hash, size, path }: SourceObject): Promise<void> {
    if (body instanceof Uint8Array) return file.append(body)
    const hasher = await createBlake3()
    let length = 0
    for await (const chunk of body) {
      hasher.update(chunk)
      length += chunk.length
      await file.append(chunk)
    }
    if (length !== size || !equalBytes(hasher.digest(), hash))
      throw new PubkyError('network', { detail: `${path} was cut off or changed` })
  }

  async function drop(path: StoragePath): Promise<void> {
    if (!index.objects.delete(path)) return
    await inTurn(() => file.append(goneRecord(path)))
    added += 1
  }

  async function take(path: StoragePath): Promise<void> {
    const known = index.objects.get(path)
    if (known) {
      const meta = await source.head(path, signal)
      if (!meta) return drop(path)
      if (isSameObject(meta, known, true)) return
    }
    await insist(
      async () => {
        const object = await source.open(path, signal)
        if (!object) return drop(path)
        const proof = await soundProof(owner, path, object.hash, object.proof)
        await inTurn(() => append({ ...object, proof }))
      },
      { signal },
    )
  }

  async function changed(after: EventId): Promise<{ paths: Set<StoragePath>; cursor: EventId }> {
    const paths = new Set<StoragePath>()
    let cursor = after
    for await (const step of source.changes(after, { signal })) {
      paths.add(step.path)
      cursor = step.cursor
    }
    return { paths, cursor }
  }

  return {
    get added() {
      return added
    },
    /** Returns the cursor of the last event that is in the archive. */
    async everything(): Promise<EventId | null> {
      let cursor = await source.lastEvent(signal)
      const there: StoragePath[] = []
      for await (const path of source.paths(signal)) there.push(path)
      const listed = new Set(there)
      for (const path of [...index.objects.keys()]) if (!listed.has(path)) await drop(path)
      let done = 0
      await eachAtOnce(there, WIDTH, async (path) => {
        await take(path)
        done += 1
        onProgress?.(done, there.length)
      })
      for (let round = 0; cursor !== null && round < MAX_ROUNDS; round += 1) {
        const from: EventId = cursor
        const news = await insist(() => changed(from), { signal })
        if (news.paths.size === 0) break
        await eachAtOnce(news.paths, WIDTH, take)
        cursor = news.cursor
      }
      return cursor
    },
  }
}

function toMeta({ path, hash, size, proof, lastModified }: SourceObject): SourceMeta {
  return { path, hash, size, proof, lastModified }
}
