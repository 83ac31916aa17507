import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Blake3, blake3, createBlake3 } from '@pubky/protocol/hash'
import type { BlobWriter } from './blob-store.ts'
import type { Folders } from './folders.ts'

// Requests of `fs/promises` weigh twice as much, and an upload makes half a dozen.
const [open, close, sync, datasync, rename] = [
  promisify(fs.open),
  promisify(fs.close),
  promisify(fs.fsync),
  promisify(fs.fdatasync),
  promisify(fs.rename),
]

const { O_CREAT, O_EXCL, O_WRONLY, O_DSYNC } = fs.constants
/** Each write waits for the disk, which spares a call when there is only one; not every system can. */
const DURABLE_NEW = O_DSYNC === undefined ? null : O_CREAT | O_EXCL | O_WRONLY | O_DSYNC

/** What is written with one call, so that few calls reach the disk. */
const BUFFER_BYTES = 256 * 1024
/** All uploads together have so many; who gets none writes each chunk as it comes. */
const MAX_BUFFERS = 256
const MAX_SPARE = 32
const SYNCED_AT_ONCE = 16 * 1024 * 1024
const NOTHING = new Uint8Array()

interface Buffers {
  take(): Buffer | null
  giveBack(buffer: Buffer): void
}

/**
 * Buffers that uploads fill in turn. Chunks of a request that wait for the disk would grow old, and only
 * a full collection frees what is old; copied, they are gone at once.
 */
function createBuffers(): Buffers {
  const spare: Buffer[] = []
  let taken = 0
  return {
    take() {
      if (taken >= MAX_BUFFERS) return null
      taken += 1
      return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
    },
    giveBack(buffer) {
      taken -= 1
      if (spare.length < MAX_SPARE) spare.push(buffer)
    },
  }
}

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

/** Makes the writers of one store: each into a scratch file that gets its name when it is durable. */
export function createFileWriters(folders: Folders) {
  const buffers = createBuffers()

  return async function fileWriter(o: {
    key: string
    dir: string
    folder: string
    scratch: string
  }): Promise<BlobWriter> {
    const { key, dir, scratch } = o
    /** Taken when a buffer is full: most blobs are hashed at once, in the end. */
    let hasher: Blake3 | null = null
    let size = 0
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
      file ??= await open(scratch, 'wx')
      await syncEarly(file)
      await writeAll(file, bytes)
      unsynced += bytes.length
      return file
    }

    /** Resolves when what came before is written. */
    async function appendBehind(full: Buffer): Promise<void> {
      const before = writing
      const write = async () => {
        try {
          await before
          await append(full)
        } finally {
          buffers.giveBack(full)
        }
      }
      writing = write()
      writing.catch(() => {})
      await before
    }

    /** Everything is durable when it resolves. */
    async function writeLast(rest: Uint8Array): Promise<void> {
      if (file === null && rest.length > 0 && DURABLE_NEW !== null) {
        file = await open(scratch, DURABLE_NEW)
        return writeAll(file, rest)
      }
      const written = await append(rest)
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
        for (let at = 0; at < chunk.length; ) {
          buffer ??= buffers.take()
          const part = chunk.subarray(at, buffer ? at + buffer.length - filled : undefined)
          at += part.length
          if (!buffer) {
            await hash(part)
            await writing
            await append(part)
            continue
          }
          buffer.set(part, filled)
          filled += part.length
          if (filled < buffer.length) continue
          const full = buffer
          buffer = null
          filled = 0
          await hash(full)
          await appendBehind(full)
        }
      },
      async finish() {
        const rest = buffer?.subarray(0, filled) ?? NOTHING
        const hash = await digest(rest)
        const folder = await folders.get(o.folder)
        await writing
        await writeLast(rest)
        drop()
        await rename(scratch, join(dir, o.folder, key))
        await Promise.all([folder.sync(), closeFile()])
        return { key, size, blake3: hash }
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
