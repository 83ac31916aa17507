import { open } from 'lmdb'
import { BlobMissingError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { createPieceWriter, isBlobKey, newBlobKey, readPieces } from './pieces.ts'

const PIECE_BYTES = 256 * 1024
/** Who reads a blob may finish reading it after its deletion. */
const GONE_MS = 10 * 60_000
const ABANDONED_MS = 24 * 3_600_000

interface Meta {
  size: number
  blake3: Uint8Array
  createdMs: number
}

/**
 * Blobs in one LMDB file below `dir`, which processes of one machine may share. A blob is visible once
 * its entry in `meta` is there, which is written and flushed after all its pieces.
 */
export function createLmdbBlobStore(o: {
  dir: string
  nowMs?: () => number
}): BlobStore & { pieces(): number } {
  const { dir, nowMs = Date.now } = o
  const root = open({ path: dir, maxDbs: 4, noMemInit: true })
  const meta = root.openDB<Meta, string>({ name: 'meta' })
  const pieces = root.openDB<Uint8Array, [string, number]>({ name: 'pieces', encoding: 'binary' })
  /** What is to be removed later, since when: unfinished uploads, and deleted blobs. */
  const doomed = root.openDB<{ sinceMs: number; graceMs: number }, string>({ name: 'doomed' })

  async function doom(key: string, graceMs: number): Promise<void> {
    await doomed.put(key, { sinceMs: nowMs(), graceMs })
  }

  async function erase(key: string): Promise<void> {
    for (const at of pieces.getKeys({ start: [key, 0], end: [key, Number.MAX_SAFE_INTEGER] }))
      await pieces.remove(at)
    await doomed.remove(key)
  }

  async function sweep(): Promise<void> {
    for (const { key, value } of doomed.getRange())
      if (value.sinceMs + value.graceMs < nowMs()) await erase(key)
  }

  const swept = sweep()

  return {
    async begin(asked) {
      const key = newBlobKey(asked)
      await swept
      await doom(key, ABANDONED_MS)
      return createPieceWriter(key, PIECE_BYTES, {
        async piece(n, bytes) {
          await pieces.put([key, n], Buffer.from(bytes))
        },
        async finish({ size, blake3 }) {
          await root.transaction(() => {
            void meta.put(key, { size, blake3, createdMs: nowMs() })
            void doomed.remove(key)
          })
          await root.flushed
        },
        abort: () => erase(key),
      })
    },
    async read(key, { start, end } = {}) {
      const found = isBlobKey(key) ? meta.get(key) : undefined
      if (!found) throw new BlobMissingError(key.slice(0, 40))
      return readPieces({
        key,
        size: found.size,
        pieceBytes: PIECE_BYTES,
        start,
        end,
        piece: async (n) => pieces.getBinary([key, n]) ?? null,
      })
    },
    async stat(key) {
      const found = isBlobKey(key) ? meta.get(key) : undefined
      return found ? { key, size: found.size, blake3: new Uint8Array(found.blake3) } : null
    },
    async delete(keys) {
      for (const key of keys) {
        if (!isBlobKey(key) || !meta.doesExist(key)) continue
        await doom(key, GONE_MS)
        await meta.remove(key)
      }
      await sweep()
    },
    async *list({ after, limit, signal }) {
      const from = after === undefined ? {} : { start: after, exclusiveStart: true }
      for (const { key, value } of meta.getRange({ ...from, limit })) {
        signal?.throwIfAborted()
        yield { key, size: value.size, createdMs: value.createdMs }
      }
    },
    pieces: () => pieces.getKeysCount({}),
    async [Symbol.asyncDispose]() {
      await swept
      await root.close()
    },
  }
}
