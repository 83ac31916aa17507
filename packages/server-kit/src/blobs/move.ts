import { BlobMissingError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'

const PAGE = 500

/**
 * A store on its way to another one: new blobs go to `to`, reads find them in either. With it a server
 * goes on serving while `moveBlobs` works.
 */
export function createMovingBlobStore(o: { to: BlobStore; from: BlobStore }): BlobStore {
  const { to, from } = o
  return {
    begin: (key, options) => to.begin(key, options),
    async read(key, options) {
      // Once more `to`, because a blob may be moved between the first two questions.
      for (const store of [to, from, to]) {
        try {
          return await store.read(key, options)
        } catch (error) {
          if (!(error instanceof BlobMissingError)) throw error
        }
      }
      throw new BlobMissingError(key)
    },
    async stat(key, options) {
      return (
        (await to.stat(key, options)) ??
        (await from.stat(key, options)) ??
        (await to.stat(key, options))
      )
    },
    async delete(keys, options) {
      await from.delete(keys, options)
      await to.delete(keys, options)
    },
    async *list(options) {
      const pages = await Promise.all([collect(to, options), collect(from, options)])
      const byKey = new Map(pages.flat().map((one) => [one.key, one]))
      const keys = [...byKey.keys()].sort((a, b) => (a < b ? -1 : 1))
      for (const key of keys.slice(0, options.limit)) {
        const one = byKey.get(key)
        if (one) yield one
      }
    },
    async reclaim(options) {
      return ((await to.reclaim?.(options)) ?? 0) + ((await from.reclaim?.(options)) ?? 0)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([to[Symbol.asyncDispose](), from[Symbol.asyncDispose]()])
    },
  }
}

type ListOptions = Parameters<BlobStore['list']>[0]

async function collect(store: BlobStore, options: ListOptions) {
  const found = []
  for await (const one of store.list(options)) found.push(one)
  return found
}

async function copy(key: string, from: BlobStore, to: BlobStore): Promise<number> {
  const writer = await to.begin(key)
  try {
    for await (const chunk of await from.read(key)) await writer.write(chunk)
    const meta = await writer.finish()
    const original = await from.stat(key)
    if (original && Buffer.compare(original.blake3, meta.blake3) !== 0)
      throw new BlobMissingError(key)
    return meta.size
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/**
 * Copies every blob to another store, comparing hashes, and deletes it here only when it is whole there.
 * It may be cut off and run again; what is deleted meanwhile by others is skipped.
 */
export async function moveBlobs(o: {
  from: BlobStore
  to: BlobStore
  keep?: boolean
  signal?: AbortSignal
  onProgress?: (moved: { blobs: number; bytes: number }) => void
}): Promise<{ blobs: number; bytes: number }> {
  const { from, to, keep = false, signal, onProgress } = o
  const moved = { blobs: 0, bytes: 0 }
  let after = ''
  for (;;) {
    const page = await collect(from, { after, limit: PAGE })
    for (const { key } of page) {
      signal?.throwIfAborted()
      after = key
      try {
        const there = await to.stat(key)
        if (!there) {
          moved.bytes += await copy(key, from, to)
          moved.blobs += 1
          onProgress?.(moved)
        }
        if (!keep) await from.delete([key])
      } catch (error) {
        if (!(error instanceof BlobMissingError) || (await from.stat(key))) throw error
      }
    }
    if (page.length < PAGE) return moved
  }
}
