import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlake3 } from '@pubky/protocol/hash'
import type { BlobWriter } from './blob-store.ts'
import type { Folders } from './folders.ts'

/** Chunks are written together when so many bytes have come, so that few calls reach the disk. */
const WRITTEN_AT_ONCE = 256 * 1024
/** When all uploads together hold more than this, each writes what it has. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

async function writeAll(file: FileHandle, chunks: Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks)
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
}

/** Makes the writers of one store: each into a scratch file that gets its name when it is durable. */
export function createFileWriters(folders: Folders) {
  let heldInAll = 0

  return async function fileWriter(o: {
    key: string
    dir: string
    folder: string
    scratch: string
  }): Promise<BlobWriter> {
    const { key, dir, scratch } = o
    const hasher = await createBlake3()
    let size = 0
    let held: Uint8Array[] = []
    let heldBytes = 0
    let file: FileHandle | null = null

    function drop(): Uint8Array[] {
      const chunks = held
      heldInAll -= heldBytes
      held = []
      heldBytes = 0
      return chunks
    }

    async function flush(): Promise<FileHandle> {
      file ??= await open(scratch, 'wx')
      const bytes = heldBytes
      const chunks = drop()
      if (bytes > 0) await writeAll(file, chunks, bytes)
      return file
    }

    async function close(): Promise<void> {
      const open = file
      file = null
      await open?.close()
    }

    return {
      async write(chunk) {
        hasher.update(chunk)
        size += chunk.length
        held.push(chunk)
        heldBytes += chunk.length
        heldInAll += chunk.length
        if (heldBytes >= WRITTEN_AT_ONCE || heldInAll > MAX_HELD_BYTES) await flush()
      },
      async finish() {
        const blake3 = hasher.digest()
        const [folder, written] = await Promise.all([folders.get(o.folder), flush()])
        await written.sync()
        await rename(scratch, join(dir, o.folder, key))
        await Promise.all([folder.sync(), close()])
        return { key, size, blake3 }
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
