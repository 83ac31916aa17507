import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, opendir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createBlake3 } from '@pubky/protocol/hash'
import { BlobMissingError } from '../errors.ts'
import type { BlobStore, BlobWriter } from './blob-store.ts'
import { canBypassCache, createFileWriters } from './file-writer.ts'
import { createFolders } from './folders.ts'

const KEY = /^[0-9A-Za-z_-]{8,128}$/

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

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

/**
 * Blobs as files below `dir`, in folders by the key's first two characters. A blob is visible only when
 * it is whole and durable: scratch file, fsync, rename, fsync of the folder. What an older version
 * stored lies one folder deeper and is found there. Writes go past the page cache where the file system
 * can, unless `bypassCache` is false.
 */
export function createFileBlobStore(o: { dir: string; bypassCache?: boolean }): BlobStore {
  const temporary = join(o.dir, 'tmp')
  const folders = createFolders(o.dir)
  const fileWriter = createFileWriters(folders)
  let prepared: Promise<boolean> | undefined

  /** Whether files can be written past the page cache. */
  async function prepare(): Promise<boolean> {
    await mkdir(temporary, { recursive: true })
    await sweep(temporary).catch(() => {})
    return o.bypassCache !== false && canBypassCache(temporary)
  }

  /** Where the blob is, or was under an older version. */
  function pathsOf(key: string): [string, string] {
    if (!KEY.test(key)) throw new BlobMissingError(key.slice(0, 40))
    const folder = join(o.dir, key.slice(0, 2))
    return [join(folder, key), join(folder, key.slice(2, 4), key)]
  }

  async function openFile(key: string): Promise<FileHandle> {
    for (const path of pathsOf(key)) {
      try {
        return await open(path, 'r')
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    }
    throw new BlobMissingError(key)
  }

  async function begin(key: string): Promise<BlobWriter> {
    pathsOf(key)
    prepared ??= prepare()
    let isDirect: boolean
    try {
      isDirect = await prepared
    } catch (error) {
      prepared = undefined
      throw error
    }
    const scratch = join(temporary, randomUUID())
    return fileWriter({ key, dir: o.dir, folder: key.slice(0, 2), scratch, isDirect })
  }

  /** The files of one folder and of those in it, by name. */
  async function filesIn(dir: string): Promise<{ key: string; path: string }[]> {
    const found: { key: string; path: string }[] = []
    for await (const entry of await opendir(dir)) {
      const path = join(dir, entry.name)
      if (entry.isDirectory()) found.push(...(await filesIn(path)))
      else found.push({ key: entry.name, path })
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  async function* walk(after: string): AsyncGenerator<{ key: string; path: string }> {
    const names: string[] = []
    for await (const { name } of await opendir(o.dir)) if (name.length === 2) names.push(name)
    for (const name of names.sort()) {
      if (name < after.slice(0, 2)) continue
      for (const one of await filesIn(join(o.dir, name))) if (one.key > after) yield one
    }
  }

  return {
    begin,
    async read(key, { start = 0, end } = {}) {
      const handle = await openFile(key)
      if (end !== undefined && end <= start) {
        await handle.close()
        return Readable.toWeb(Readable.from([])) as ReadableStream<Uint8Array>
      }
      const range = end === undefined ? { start } : { start, end: end - 1 }
      const stream = handle.createReadStream({ ...range, highWaterMark: 256 * 1024 })
      return Readable.toWeb(stream) as ReadableStream<Uint8Array>
    },
    async stat(key) {
      try {
        const hasher = await createBlake3()
        let size = 0
        for await (const chunk of (await openFile(key)).createReadStream()) {
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
      for (const key of keys.filter((one) => KEY.test(one)))
        for (const path of pathsOf(key)) await rm(path, { force: true })
    },
    async *list({ after = '', limit, signal }) {
      let left = limit
      try {
        for await (const { key, path } of walk(after)) {
          signal?.throwIfAborted()
          if (left <= 0) return
          // A blob may go while the list is read.
          const info = await stat(path).catch(() => null)
          if (!info) continue
          yield { key, size: info.size, createdMs: info.mtimeMs }
          left -= 1
        }
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
    async [Symbol.asyncDispose]() {
      await folders[Symbol.asyncDispose]()
    },
  }
}
