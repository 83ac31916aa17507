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

/** Missing folders are made and the names in their parents made durable. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first) await syncDirectory(dirname(first))
}

/**
 * Blobs as files below `dir`, two levels of folders by the key's first characters. A blob is visible
 * only when it is whole and durable: temporary file, fsync, rename, fsync of the folder.
 */
export function createFileBlobStore(o: { dir: string }): BlobStore {
  const temporary = join(o.dir, 'tmp')
  const folderOf = (key: string) => join(o.dir, key.slice(0, 2), key.slice(2, 4))
  const pathOf = (key: string) => {
    if (!KEY.test(key)) throw new BlobMissingError(key.slice(0, 40))
    return join(folderOf(key), key)
  }

  async function begin(key: string): Promise<BlobWriter> {
    const path = pathOf(key)
    const hasher = await createBlake3()
    await mkdir(temporary, { recursive: true })
    const scratch = join(temporary, randomUUID())
    const file = await open(scratch, 'wx')
    return fileWriter({ key, path, scratch, file, hasher })
  }

  async function* walk(dir: string): AsyncGenerator<{ key: string; path: string }> {
    const names: { name: string; folder: boolean }[] = []
    for await (const entry of await opendir(dir))
      names.push({ name: entry.name, folder: entry.isDirectory() })
    names.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const { name, folder } of names) {
      const path = join(dir, name)
      if (!folder) yield { key: name, path }
      else if (path !== temporary) yield* walk(path)
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
      for (const key of keys) {
        await rm(pathOf(key), { force: true })
      }
    },
    async *list({ after = '', limit, signal }) {
      let left = limit
      try {
        for await (const { key, path } of walk(o.dir)) {
          signal?.throwIfAborted()
          if (left <= 0) return
          if (key <= after) continue
          const info = await stat(path)
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
}

function fileWriter({ key, path, scratch, file, hasher }: OpenBlob): BlobWriter {
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
      await makeDirectory(dirname(path))
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
