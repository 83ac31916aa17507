import { concat, isListed, manifestTree, partOf, verifyManifest } from '@pubky/protocol'
import {
  type ArchivedObject,
  type ArchiveEnd,
  type ArchiveFile,
  type ArchiveIndex,
  type ArchiveStart,
  archivedBody,
  archiveInvalid,
  readArchive,
} from './archive.ts'
import { PubkyError } from './errors.ts'
import { soundProof, WHOLE_BYTES } from './move-source.ts'
import type { AccountSource } from './move-types.ts'

export interface ArchiveReport {
  owner: string
  homeserver: string
  /** The archive is complete up to this moment, by the word of its owner; ms since the epoch. */
  asOf: number
  objects: number
  /** Of the bodies. */
  bytes: number
  /** Objects with a proof that verifies. */
  signed: number
}

interface CompleteArchive {
  start: ArchiveStart
  end: ArchiveEnd
  objects: ArchiveIndex['objects']
}

/** The archive as of its last end: what comes after it is an update that goes on, or was cut off. */
async function readComplete(file: ArchiveFile): Promise<CompleteArchive> {
  const latest = await readArchive(file)
  const { start, end, objects } = latest.end
    ? latest
    : await readArchive(file, latest.completeBytes)
  if (!start || !end) throw new PubkyError('archive_incomplete')
  return { start, end, objects }
}

/**
 * Checks an archive from beginning to end: the owner's manifests, every path and hash in them, every body,
 * every proof. Rejects with `archive_incomplete` or `archive_invalid`.
 */
export async function verifyArchive(file: ArchiveFile): Promise<ArchiveReport> {
  const archive = await readComplete(file)
  const { start, objects } = archive
  const asOf = await checkManifests(archive)
  let [bytes, signed] = [0, 0]
  for (const object of objects.values()) {
    for await (const chunk of archivedBody(file, object)) bytes += chunk.length
    if (!object.proof) continue
    const { path, hash, proof } = object
    if (!(await soundProof(start.owner, path, hash, proof)))
      throw archiveInvalid(`the proof of ${path} does not verify`)
    signed += 1
  }
  return { ...start, asOf, objects: objects.size, bytes, signed }
}

/** The manifests together list exactly what the archive holds. Returns the earlier of their times. */
async function checkManifests({ start, end, objects }: CompleteArchive): Promise<number> {
  let asOf = Number.POSITIVE_INFINITY
  const parts = new Set<string | null>()
  for (const manifest of end.manifests) {
    const claims = await verifyManifest(start.owner, manifest).catch((cause: unknown) => {
      throw archiveInvalid('a manifest does not verify', cause)
    })
    const listed = [...objects.values()].filter(
      ({ path }) => partOf(path) === manifest.part && isListed(path),
    )
    const tree = manifestTree(listed)
    if (tree.count !== claims.count || !tree.root.every((byte, i) => byte === claims.root[i]))
      throw archiveInvalid(`what lies below /${manifest.part}/ is not what its owner signed`)
    parts.add(manifest.part)
    asOf = Math.min(asOf, Number(claims.asOf) / 1000)
  }
  for (const path of objects.keys())
    if (isListed(path) && !parts.has(partOf(path)))
      throw archiveInvalid(`no manifest lists ${path}`)
  return Number.isFinite(asOf) ? asOf : 0
}

/**
 * The account in an archive, to be copied from. The owner's manifests are checked at once, bodies and
 * proofs when they are opened. Rejects with `archive_incomplete` or `archive_invalid`.
 */
export async function archiveSource(file: ArchiveFile): Promise<AccountSource & { owner: string }> {
  const archive = await readComplete(file)
  const { start, objects } = archive
  await checkManifests(archive)
  return {
    owner: start.owner,
    async *paths() {
      yield* objects.keys()
    },
    head: async (path) => objects.get(path) ?? null,
    async open(path) {
      const object = objects.get(path)
      if (!object) return null
      return { ...object, body: await bodyOf(file, object) }
    },
  }
}

async function bodyOf(file: ArchiveFile, object: ArchivedObject) {
  if (object.size > WHOLE_BYTES) {
    // Damage that is met while it is sent would look like a broken connection.
    for await (const _ of archivedBody(file, object));
    return streamOf(archivedBody(file, object))
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of archivedBody(file, object)) chunks.push(chunk)
  return concat(...chunks)
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await chunks.return(undefined)
    },
  })
}
