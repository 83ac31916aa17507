import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { createBlake3 } from '@pubky/protocol/hash'
import { BlobMissingError } from '../errors.ts'
import type { BlobMeta, BlobStore, BlobWriter } from './blob-store.ts'

const KEY = /^[0-9A-Za-z_-]{8,128}$/

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const MAX_KNOWN_FOLDERS = 20_000
const STALE_SCRATCH_MS = 24 * 3600 * 1000

/** Makes missing folders below `root`; their names in every parent are durable when it resolves. */
function createFolderMaker(root: string): (path: string) => Promise<void> {
  const durable = new Set<string>()
  async function make(path: string): Promise<void> {
    if (durable.has(path)) return
    if (path !== root && path.startsWith(root)) await make(dirname(path))
    await mkdir(path, { recursive: true })
    await syncDirectory(dirname(path))
    if (durable.size >= MAX_KNOWN_FOLDERS) durable.clear()
    durable.add(path)
  }
  return make
}

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
 * Blobs as files below `dir`, two levels of folders by the key's first characters. A blob is visible
 * only when it is whole and durable: temporary file, fsync, rename, fsync of the folder.
 */
export function createFileBlobStore(o: { dir: string }): BlobStore {
  const temporary = join(o.dir, 'tmp')
  const makeFolder = createFolderMaker(o.dir)
  let swept: Promise<void> | undefined
  const folderOf = (key: string) => join(o.dir, key.slice(0, 2), key.slice(2, 4))
  const pathOf = (key: string) => {
    if (!KEY.test(key)) throw new BlobMissingError(key.slice(0, 40))
    return join(folderOf(key), key)
  }

  async function begin(key: string): Promise<BlobWriter> {
    const path = pathOf(key)
    const hasher = await createBlake3()
    await mkdir(temporary, { recursive: true })
    swept ??= sweep(temporary).catch(() => {})
    await swept
    const scratch = join(temporary, randomUUID())
    const file = await open(scratch, 'wx')
    return fileWriter({ key, path, scratch, file, hasher, makeFolder })
  }

  async function* walk(
    dir: string,
    after: string,
    prefix = '',
  ): AsyncGenerator<{ key: string; path: string }> {
    const names: { name: string; folder: boolean }[] = []
    for await (const entry of await opendir(dir))
      names.push({ name: entry.name, folder: entry.isDirectory() })
    names.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const { name, folder } of names) {
      const path = join(dir, name)
      const start = prefix + name
      if (!folder) {
        if (name > after) yield { key: name, path }
      } else if (path !== temporary && start >= after.slice(0, start.length))
        yield* walk(path, after, start)
    }
  }

  return {
    begin,
    async read(key, { start = 0, end } = {}) {
      const path = pathOf(key)
      let handle: FileHandle
      try {
        handle = await open(path, 'r')
      } catch (error) {
        if (isMissing(error)) throw new BlobMissingError(key)
        throw error
      }
      if (end !== undefined && end <= start) {
        await handle.close()
        return Readable.toWeb(Readable.from([])) as ReadableStream<Uint8Array>
      }
      const range = end === undefined ? { start } : { start, end: end - 1 }
      const stream = createReadStream(path, { ...range, fd: handle, highWaterMark: 256 * 1024 })
      return Readable.toWeb(stream) as ReadableStream<Uint8Array>
    },
    async stat(key) {
      try {
        const hasher = await createBlake3()
        let size = 0
        for await (const chunk of createReadStream(pathOf(key))) {
          hasher.update(chunk)
          size += chunk.length
        }
        return { key, size, blake3: hasher.digest() }
      } catch (error) {
        if (isMissing(error) || error instanceof BlobMissingError) return null
        throw error
      }
    },
    async delete(keys) {
      for (const key of keys) if (KEY.test(key)) await rm(pathOf(key), { force: true })
    },
    async *list({ after = '', limit, signal }) {
      let left = limit
      try {
        for await (const { key, path } of walk(o.dir, after)) {
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
    async [Symbol.asyncDispose]() {},
  }
}

interface OpenBlob {
  key: string
  path: string
  scratch: string
  file: FileHandle
  hasher: Awaited<ReturnType<typeof createBlake3>>
  makeFolder: (path: string) => Promise<void>
}

function fileWriter({ key, path, scratch, file, hasher, makeFolder }: OpenBlob): BlobWriter {
  let size = 0
  let open = true
  return {
    async write(chunk) {
      hasher.update(chunk)
      size += chunk.length
      await file.writeFile(chunk)
    },
    async finish(): Promise<BlobMeta> {
      const blake3 = hasher.digest()
      await file.sync()
      await file.close()
      open = false
      await makeFolder(dirname(path))
      await rename(scratch, path)
      await syncDirectory(dirname(path))
      return { key, size, blake3 }
    },
    async abort() {
      if (open) await file.close().catch(() => {})
      open = false
      await rm(scratch, { force: true })
    },
  }
}
