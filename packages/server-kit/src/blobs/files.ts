import { randomUUID } from 'node:crypto'
import { mkdir, open, opendir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { createBlake3 } from '@pubky/protocol/hash'
import { BlobMissingError } from '../errors.ts'
import type { BlobStore, BlobWriter, ListedBlob } from './blob-store.ts'
import { canBypassCache, createFileWriters, folderOf } from './file-writer.ts'
import { createFolders } from './folders.ts'
import { isMissing } from './missing-file.ts'
import { parseSegmentKey, SEGMENT_NAME_LENGTH, SEGMENT_SUFFIX } from './segment-format.ts'
import { createSegmentWriter } from './segment-writer.ts'
import {
  deleteInSegment,
  type FoundBlob,
  listSegment,
  openInSegment,
  reclaimSegment,
} from './segments.ts'

const KEY = /^[0-9A-Za-z_-]{8,128}$/

const STALE_SCRATCH_MS = 24 * 3600 * 1000

/** What uploads left that were cut off by a crash. */
async function sweep(temporary: string): Promise<void> {
  const before = Date.now() - STALE_SCRATCH_MS
  for await (const entry of await opendir(temporary)) {
    const path = join(temporary, entry.name)
    const info = await stat(path).catch(() => null)
    if (info && info.mtimeMs < before) await rm(path, { force: true })
  }
}

/** Files of one folder and of those in it. */
async function filesIn(folder: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await filesIn(path)))
    else found.push(path)
  }
  return found
}

/**
 * Blobs as files below `dir`, in folders by the key's first two characters. A blob is visible only when
 * it is whole and durable: scratch file, fsync, rename, fsync of the folder. What an older version
 * stored lies one folder deeper and is found there. Small blobs that the store names lie together in
 * segments. Writes go past the page cache where the file system can, unless `bypassCache` is false.
 */
export function createFileBlobStore(o: {
  dir: string
  bypassCache?: boolean
  nowMs?: () => number
}): BlobStore {
  const { dir, nowMs = Date.now } = o
  const temporary = join(dir, 'tmp')
  const folders = createFolders(dir)
  let isDirect = false
  const place = { dir, folders, isDirect: () => isDirect }
  const segments = createSegmentWriter(place)
  const fileWriter = createFileWriters({ ...place, segments })
  let prepared: Promise<void> | undefined

  async function prepare(): Promise<void> {
    await mkdir(temporary, { recursive: true })
    await sweep(temporary).catch(() => {})
    isDirect = o.bypassCache !== false && (await canBypassCache(temporary))
  }

  /** Where the blob is, or was under an older version. */
  function pathsOf(key: string): [string, string] {
    if (!KEY.test(key)) throw new BlobMissingError(key.slice(0, 40))
    const folder = join(dir, folderOf(key))
    return [join(folder, key), join(folder, key.slice(2, 4), key)]
  }

  async function openBlob(key: string): Promise<FoundBlob> {
    const paths = pathsOf(key)
    const found = await openInSegment(dir, key)
    if (found) return found
    for (const path of paths) {
      try {
        return { handle: await open(path, 'r'), start: 0, size: Number.POSITIVE_INFINITY }
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    }
    throw new BlobMissingError(key)
  }

  async function ready(): Promise<void> {
    prepared ??= prepare()
    try {
      await prepared
    } catch (error) {
      prepared = undefined
      throw error
    }
  }

  async function begin(key: string | null): Promise<BlobWriter> {
    if (key !== null) pathsOf(key)
    await ready()
    return fileWriter(key, join(temporary, randomUUID()))
  }

  async function deleteStored(key: string): Promise<void> {
    const bytes = await deleteInSegment(dir, key)
    const { segment } = parseSegmentKey(key) ?? {}
    if (!segment || bytes === 0 || !segments.countDeleted(segment, bytes)) return
    // What does not work out now is done later.
    await reclaimSegment(dir, segment, { nowMs: nowMs(), isFinished: true }).catch(() => {})
  }

  /** A file's blobs: what lies in it, or itself. A blob may go while a list is read. */
  async function blobsOf(path: string): Promise<ListedBlob[]> {
    const name = basename(path)
    if (name.endsWith(SEGMENT_SUFFIX)) return listSegment(dir, basename(name, SEGMENT_SUFFIX))
    const info = KEY.test(name) ? await stat(path).catch(() => null) : null
    return info ? [{ key: name, size: info.size, createdMs: info.mtimeMs }] : []
  }

  async function folderNames(): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of await opendir(dir)) if (name.length === 2) names.push(name)
    return names.sort()
  }

  /** Files that may hold blobs after this key, in the order of their blobs' keys. */
  async function* filesAfter(after: string): AsyncGenerator<string[]> {
    for (const name of await folderNames()) {
      if (name < folderOf(after)) continue
      // Keys of one segment begin with its name, also those of blobs that came back from another store.
      const together = new Map<string, string[]>()
      for (const path of await filesIn(join(dir, name))) {
        const start = basename(path).slice(0, SEGMENT_NAME_LENGTH)
        if (start < after.slice(0, SEGMENT_NAME_LENGTH)) continue
        together.set(start, [...(together.get(start) ?? []), path])
      }
      for (const start of [...together.keys()].sort()) yield together.get(start) ?? []
    }
  }

  async function* segmentNames(): AsyncGenerator<string> {
    for (const name of await folderNames())
      for (const path of await filesIn(join(dir, name)))
        if (path.endsWith(SEGMENT_SUFFIX)) yield basename(path, SEGMENT_SUFFIX)
  }

  async function* walk(after: string): AsyncGenerator<ListedBlob> {
    for await (const paths of filesAfter(after)) {
      const found = (await Promise.all(paths.map(blobsOf))).flat()
      found.sort((a, b) => (a.key < b.key ? -1 : 1))
      for (const one of found) if (one.key > after) yield one
    }
  }

  return {
    begin,
    async read(key, { start = 0, end = Number.POSITIVE_INFINITY } = {}) {
      const blob = await openBlob(key)
      const last = Math.min(end, blob.size)
      if (last <= start) {
        await blob.handle.close()
        return Readable.toWeb(Readable.from([])) as ReadableStream<Uint8Array>
      }
      return Readable.toWeb(streamOf(blob, start, last)) as ReadableStream<Uint8Array>
    },
    async stat(key) {
      try {
        const hasher = await createBlake3()
        let size = 0
        const blob = await openBlob(key)
        for await (const chunk of streamOf(blob, 0, blob.size)) {
          hasher.update(chunk)
          size += chunk.length
        }
        return { key, size, blake3: hasher.digest() }
      } catch (error) {
        if (error instanceof BlobMissingError) return null
        throw error
      }
    },
    async delete(keys) {
      for (const key of keys.filter((one) => KEY.test(one))) {
        await deleteStored(key)
        for (const path of pathsOf(key)) await rm(path, { force: true })
      }
    },
    async *list({ after = '', limit, signal }) {
      let left = limit
      try {
        for await (const listed of walk(after)) {
          signal?.throwIfAborted()
          if (left <= 0) return
          yield listed
          left -= 1
        }
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
    async reclaim({ signal, isLeft } = {}) {
      await ready()
      const options = { nowMs: nowMs(), ...(signal && { signal }) }
      const failures: unknown[] = []
      let reclaimed = 0
      for await (const segment of segmentNames()) {
        signal?.throwIfAborted()
        if (segment === segments.current && !isLeft) continue
        try {
          const isFinished = isLeft || segments.isFinished(segment)
          reclaimed += await reclaimSegment(dir, segment, { ...options, isFinished })
        } catch (error) {
          // The others are not to wait until somebody repairs this one.
          failures.push(error)
        }
      }
      signal?.throwIfAborted()
      if (failures.length > 0) throw failures[0]
      return reclaimed
    },
    async [Symbol.asyncDispose]() {
      await segments[Symbol.asyncDispose]()
      await folders[Symbol.asyncDispose]()
    },
  }
}

/** `end` is exclusive. */
function streamOf(blob: FoundBlob, start: number, end: number): Readable {
  const [from, to] = [blob.start + start, blob.start + end - 1]
  return blob.handle.createReadStream({ start: from, end: to, highWaterMark: 256 * 1024 })
}
