import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Blake3, blake3, createBlake3 } from '@pubky/protocol/hash'
import type { BlobWriter } from './blob-store.ts'
import type { Folders } from './folders.ts'
import { BLOCK_BYTES, blocksOf } from './segment-format.ts'
import type { SegmentWriter } from './segment-writer.ts'
import { BUFFER_BYTES, createWriteBuffers } from './write-buffers.ts'

// Requests of `fs/promises` weigh twice as much, and an upload makes half a dozen.
const [open, close, sync, datasync, truncate, rename] = [
  promisify(fs.open),
  promisify(fs.close),
  promisify(fs.fsync),
  promisify(fs.fdatasync),
  promisify(fs.ftruncate),
  promisify(fs.rename),
]

const { O_CREAT, O_EXCL, O_WRONLY, O_DIRECT } = fs.constants
const NEW_FILE = O_CREAT | O_EXCL | O_WRONLY
const SYNCED_AT_ONCE = 8 * 1024 * 1024
const NOTHING = new Uint8Array()

function writeOnce(file: number, bytes: Uint8Array, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(file, bytes, at, bytes.length - at, null, (error, written) =>
      error ? reject(error) : resolve(written),
    )
  })
}

async function writeAll(file: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await writeOnce(file, bytes, at)
}

/** Blobs lie in folders by the first two characters of their keys. */
export function folderOf(name: string): string {
  return name.slice(0, 2)
}

/** One for all stores of the process. */
const buffers = createWriteBuffers()

/** Whether files in `dir` can be written past the page cache: not every file system can. */
export async function canBypassCache(dir: string): Promise<boolean> {
  const buffer = O_DIRECT === undefined ? null : buffers.take()
  if (!buffer) return false
  const path = join(dir, randomUUID())
  try {
    const file = await open(path, NEW_FILE | O_DIRECT)
    await writeAll(file, buffer.fill(0, 0, BLOCK_BYTES).subarray(0, BLOCK_BYTES)).finally(() =>
      close(file),
    )
    return true
  } catch {
    return false
  } finally {
    buffers.giveBack(buffer)
    await rm(path, { force: true })
  }
}

/**
 * Makes the writers of one store: each into a scratch file that gets its name when it is durable, or, what
 * is small and has no name yet, into a segment. Where the system can, bytes go past the page cache: they are copied once less, new pages are dear on virtual
 * machines, and what others read stays in the cache.
 */
export function createFileWriters(o: {
  dir: string
  folders: Folders
  segments: SegmentWriter
  isDirect: () => boolean
}) {
  const { dir, folders, segments } = o
  return async function fileWriter(key: string | null, scratch: string): Promise<BlobWriter> {
    const isStoreDirect = o.isDirect()
    /** Taken when a buffer is full: most blobs are hashed at once, in the end. */
    let hasher: Blake3 | null = null
    let size = 0
    /** Kept from the first write to the end; who gets none writes each chunk as it comes. */
    let buffer: Buffer | null = null
    let filled = 0
    let file: number | null = null
    /** The last full buffer is written while the next one is filled. */
    let writing: Promise<void> | null = null
    let unsynced = 0
    let syncing: Promise<void> | null = null

    function drop(): void {
      if (buffer) buffers.giveBack(buffer)
      buffer = null
      filled = 0
    }

    async function hash(bytes: Uint8Array): Promise<void> {
      hasher ??= await createBlake3()
      hasher.update(bytes)
    }

    async function digest(rest: Uint8Array): Promise<Uint8Array> {
      if (!hasher) return blake3(rest)
      hasher.update(rest)
      return hasher.digest()
    }

    /** The disk begins early with what is large, so that little is left for the end. */
    async function syncEarly(handle: number): Promise<void> {
      if (unsynced < SYNCED_AT_ONCE) return
      unsynced = 0
      await syncing
      syncing = datasync(handle)
      // It is awaited, and its failure told, with the next or in the end.
      syncing.catch(() => {})
    }

    async function append(bytes: Uint8Array): Promise<number> {
      const isDirect = isStoreDirect && buffer !== null
      file ??= await open(scratch, isDirect ? NEW_FILE | O_DIRECT : NEW_FILE)
      if (!isDirect) await syncEarly(file)
      await writeAll(file, bytes)
      unsynced += bytes.length
      return file
    }

    /** Resolves with the buffer to fill next, when what came before is written. */
    async function appendBehind(full: Buffer): Promise<Buffer> {
      await writing
      const next = buffers.take()
      if (next) {
        writing = append(full).then(() => {})
        writing.catch(() => {}).finally(() => buffers.giveBack(full))
      } else await append(full)
      return next ?? full
    }

    /** Everything is durable when it resolves. */
    async function writeLast(): Promise<void> {
      await writing
      const end = isStoreDirect ? blocksOf(filled) * BLOCK_BYTES : filled
      buffer?.fill(0, filled, end)
      const written = await append(buffer?.subarray(0, end) ?? NOTHING)
      if (end !== filled) await truncate(written, size)
      await syncing
      await sync(written)
    }

    async function closeFile(): Promise<void> {
      const open = file
      file = null
      if (open !== null) await close(open)
    }

    return {
      async write(chunk) {
        size += chunk.length
        if (!buffer && file === null) buffer = buffers.take()
        if (!buffer) {
          await hash(chunk)
          await append(chunk)
          return
        }
        for (let at = 0; at < chunk.length; ) {
          const part = chunk.subarray(at, at + BUFFER_BYTES - filled)
          buffer.set(part, filled)
          at += part.length
          filled += part.length
          if (filled < BUFFER_BYTES) continue
          await hash(buffer)
          buffer = await appendBehind(buffer)
          filled = 0
        }
      },
      async finish() {
        const hash = await digest(buffer?.subarray(0, filled) ?? NOTHING)
        if (key === null && buffer && size === filled) {
          const end = blocksOf(filled) * BLOCK_BYTES
          const named = await segments.add(buffer.fill(0, filled, end).subarray(0, end), size)
          drop()
          return { key: named, size, blake3: hash }
        }
        const name = key ?? randomUUID()
        const folder = await folders.get(folderOf(name))
        await writeLast()
        drop()
        await rename(scratch, join(dir, folderOf(name), name))
        await folder.sync()
        // Nothing is left to be written, so it does not wait; waking a thread would cost more.
        if (file !== null) fs.closeSync(file)
        file = null
        return { key: name, size, blake3: hash }
      },
      async abort() {
        // The number of a closed file may be that of another at once: nothing may still be writing.
        await Promise.allSettled([writing, syncing])
        drop()
        const wasOpen = file !== null
        await closeFile().catch(() => {})
        if (wasOpen) await rm(scratch, { force: true })
      },
    }
  }
}
