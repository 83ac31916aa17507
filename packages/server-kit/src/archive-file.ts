import { open } from 'node:fs/promises'

/** The SDK's `ArchiveFile` over a file. */
export interface ArchiveFileHandle extends AsyncDisposable {
  size(): Promise<number>
  read(at: number, length: number): Promise<Uint8Array>
  append(bytes: Uint8Array): Promise<void>
  truncate(size: number): Promise<void>
  sync(): Promise<void>
}

/** An archive of an account in a file, made readable for its owner only when it does not exist. */
export async function openArchiveFile(path: string): Promise<ArchiveFileHandle> {
  const handle = await open(path, 'a+', 0o600)
  return {
    size: async () => (await handle.stat()).size,
    async read(at, length) {
      const bytes = new Uint8Array(length)
      const { bytesRead } = await handle.read(bytes, 0, length, at)
      return bytes.subarray(0, bytesRead)
    },
    append: (bytes) => handle.appendFile(bytes),
    truncate: (size) => handle.truncate(size),
    sync: () => handle.datasync(),
    [Symbol.asyncDispose]: () => handle.close(),
  }
}
