import { createBlake3, equalBytes, toHex } from '@pubky/protocol'
import type { BlobStore } from '@pubky/server-kit'
import { letGo, readChunks } from './http.ts'

export interface IntakeLimit {
  bytes: number
  ms: number
  signal?: AbortSignal | undefined
  /** Told of each piece that the host sent, whatever becomes of it. */
  onRead: (bytes: number) => void
}

export interface Intake {
  outcome: 'stored' | 'too_large' | 'too_slow' | 'broken' | 'other_hash'
  size: number
}

/**
 * Puts bodies into the blob store under their hash. A body that is already there is not read again,
 * and two at the same time are read once.
 */
export function createBlobIntake(blobs: BlobStore) {
  const running = new Map<string, Promise<Intake>>()

  async function take(response: Response, hash: Uint8Array, limit: IntakeLimit): Promise<Intake> {
    const key = toHex(hash)
    await running.get(key)?.catch(() => {})
    const known = await blobs.stat(key)
    if (known) {
      letGo(response)
      return { outcome: 'stored', size: known.size }
    }
    const job = store(response, key, hash, limit)
    running.set(key, job)
    try {
      return await job
    } finally {
      if (running.get(key) === job) running.delete(key)
    }
  }

  async function store(
    response: Response,
    key: string,
    hash: Uint8Array,
    limit: IntakeLimit,
  ): Promise<Intake> {
    const writer = await blobs.begin(key)
    let finished = false
    try {
      const hasher = await createBlake3()
      let size = 0
      const { outcome } = await readChunks(response, limit, async (chunk) => {
        hasher.update(chunk)
        size += chunk.length
        limit.onRead(chunk.length)
        await writer.write(chunk)
      })
      if (outcome !== 'done') return { outcome, size }
      if (!equalBytes(hasher.digest(), hash)) return { outcome: 'other_hash', size }
      await writer.finish()
      finished = true
      return { outcome: 'stored', size }
    } finally {
      if (!finished) await writer.abort().catch(() => {})
    }
  }

  /** False when a blob that was there has been deleted meanwhile. */
  async function has(key: string): Promise<boolean> {
    return (await blobs.stat(key)) !== null
  }

  return { take, has }
}

export type BlobIntake = ReturnType<typeof createBlobIntake>
