/** What is written with one call, so that few calls reach the disk. */
export const BUFFER_BYTES = 256 * 1024
/** All uploads together have so many; they take up memory when they are first used. */
const MAX_BUFFERS = 256
const WASM_PAGE_BYTES = 64 * 1024

export interface WriteBuffers {
  /** Null when all are taken. */
  take(): Buffer | null
  giveBack(buffer: Buffer): void
}

/**
 * Buffers that uploads fill in turn. Chunks of a request that wait for the disk would grow old, and only
 * a full collection frees what is old; copied, they are gone at once. They begin at pages, as writes past
 * the page cache need it: only memory of WebAssembly does so for certain.
 */
export function createWriteBuffers(): WriteBuffers {
  const pages = (MAX_BUFFERS * BUFFER_BYTES) / WASM_PAGE_BYTES
  let memory: Buffer | null = null
  const spare: Buffer[] = []
  let made = 0
  return {
    take() {
      const buffer = spare.pop()
      if (buffer || made === MAX_BUFFERS) return buffer ?? null
      memory ??= Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer)
      const at = made * BUFFER_BYTES
      made += 1
      return memory.subarray(at, at + BUFFER_BYTES)
    },
    giveBack(buffer) {
      spare.push(buffer)
    },
  }
}
