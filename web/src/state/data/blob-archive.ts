import type { ArchiveFile } from '@pubky/sdk/archive'

const GATHER_BYTES = 4 * 1024 * 1024

/** An archive in a Blob, which browsers keep on disk when it grows large. */
export function blobArchive(start: Blob = new Blob()): ArchiveFile & { blob(): Blob } {
  let kept = start
  let parts: Uint8Array<ArrayBuffer>[] = []
  let gathered = 0

  function blob(): Blob {
    if (parts.length > 0) kept = new Blob([kept, ...parts])
    parts = []
    gathered = 0
    return kept
  }

  return {
    blob,
    size: async () => kept.size + gathered,
    read: async (at, length) =>
      new Uint8Array(
        await blob()
          .slice(at, at + length)
          .arrayBuffer(),
      ),
    async append(bytes) {
      parts.push(new Uint8Array(bytes))
      gathered += bytes.length
      if (gathered >= GATHER_BYTES) blob()
    },
    async truncate(size) {
      kept = blob().slice(0, size)
    },
    sync: async () => {},
  }
}
