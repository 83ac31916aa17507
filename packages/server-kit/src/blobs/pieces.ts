import { randomUUID } from 'node:crypto'
import { createBlake3 } from '@pubky/protocol/hash'
import { BlobMissingError } from '../errors.ts'
import type { BlobMeta, BlobWriter } from './blob-store.ts'

const KEY = /^[0-9A-Za-z_-]{8,128}$/

export function isBlobKey(key: string): boolean {
  return KEY.test(key)
}

export function checkBlobKey(key: string): string {
  if (!isBlobKey(key)) throw new BlobMissingError(key.slice(0, 40))
  return key
}

/** The key of a new blob: the one asked for, else one that was never used. */
export function newBlobKey(key: string | null): string {
  return key === null ? randomUUID() : checkBlobKey(key)
}

/** Where a store keeps the pieces of one upload. */
export interface PieceTarget {
  piece(n: number, bytes: Uint8Array): Promise<void>
  /** Makes the blob durable and visible. */
  finish(meta: BlobMeta): Promise<void>
  abort(): Promise<void>
}

/** A writer that hashes what comes, and hands it on in pieces of one size; the last may be smaller. */
export async function createPieceWriter(
  key: string,
  pieceBytes: number,
  target: PieceTarget,
): Promise<BlobWriter> {
  const hasher = await createBlake3()
  let held: Uint8Array[] = []
  let heldBytes = 0
  let size = 0
  let pieces = 0
  let isEnding = false

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(held)
    held = []
    heldBytes = 0
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes)
      if (piece.length < pieceBytes && !isEnding) {
        held = [piece]
        heldBytes = piece.length
        return
      }
      await target.piece(pieces, piece)
      pieces += 1
    }
  }

  return {
    async write(chunk) {
      hasher.update(chunk)
      size += chunk.length
      held.push(chunk)
      heldBytes += chunk.length
      if (heldBytes >= pieceBytes) await flush()
    },
    async finish() {
      isEnding = true
      await flush()
      const meta = { key, size, blake3: hasher.digest() }
      await target.finish(meta)
      return meta
    },
    abort: () => target.abort(),
  }
}

/** The bytes from `start` to before `end` of a blob that lies in pieces of one size. */
export function readPieces(o: {
  key: string
  size: number
  pieceBytes: number
  start?: number | undefined
  end?: number | undefined
  piece: (n: number) => Promise<Uint8Array | null>
}): ReadableStream<Uint8Array> {
  const end = Math.min(o.end ?? o.size, o.size)
  let at = o.start ?? 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (at >= end) return controller.close()
        const n = Math.floor(at / o.pieceBytes)
        const piece = await o.piece(n)
        if (!piece) throw new BlobMissingError(o.key)
        const offset = n * o.pieceBytes
        controller.enqueue(piece.subarray(at - offset, Math.min(end - offset, piece.length)))
        at = offset + piece.length
        if (at >= end) controller.close()
      },
    },
    { highWaterMark: 1 },
  )
}
