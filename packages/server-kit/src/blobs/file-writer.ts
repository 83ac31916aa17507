import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Blake3, blake3, createBlake3 } from '@pubky/protocol/hash'
import type { BlobWriter } from './blob-store.ts'
import type { Folders } from './folders.ts'

/** What is written with one call, so that few calls reach the disk. */
const BUFFER_BYTES = 256 * 1024
/** All uploads together have so many; who gets none writes each chunk as it comes. */
const MAX_BUFFERS = 256
const MAX_SPARE = 32
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

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
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
    let file: FileHandle | null = null

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

    async function flush(): Promise<FileHandle> {
      file ??= await open(scratch, 'wx')
      if (buffer && filled > 0) await writeAll(file, buffer.subarray(0, filled))
      filled = 0
      return file
    }

    async function close(): Promise<void> {
      const open = file
      file = null
      await open?.close()
    }

    return {
      async write(chunk) {
        size += chunk.length
        buffer ??= buffers.take()
        if (!buffer) {
          await hash(chunk)
          return writeAll(await flush(), chunk)
        }
        for (let at = 0; at < chunk.length; ) {
          const part = chunk.subarray(at, at + buffer.length - filled)
          buffer.set(part, filled)
          filled += part.length
          at += part.length
          if (filled < buffer.length) continue
          await hash(buffer)
          await flush()
        }
      },
      async finish() {
        const hash = await digest(buffer?.subarray(0, filled) ?? NOTHING)
        const [folder, written] = await Promise.all([folders.get(o.folder), flush()])
        drop()
        await written.sync()
        await rename(scratch, join(dir, o.folder, key))
        await Promise.all([folder.sync(), close()])
        return { key, size, blake3: hash }
      },
      async abort() {
        drop()
        const wasOpen = file !== null
        await close().catch(() => {})
        if (wasOpen) await rm(scratch, { force: true })
      },
    }
  }
}
