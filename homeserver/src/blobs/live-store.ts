import {
  BlobMissingError,
  type BlobStore,
  BlobStoreAwayError,
  type BlobWriter,
  createMovingBlobStore,
} from '@pubky/server-kit'

/** A store whose blobs may be moved to another one while it is used. */
export interface LiveBlobStore extends BlobStore {
  /** From now on blobs are looked for in these, and new ones go to `writes`. */
  use(o: { reads: readonly BlobStore[]; writes: BlobStore }): void
  /** Uploads that began before new ones went elsewhere. */
  readonly oldUploads: number
}

/** What the database tells of a move. */
export interface MoveNews {
  /** Whether it was read lately enough to write where it says. */
  isFresh(): boolean
  read(): Promise<void>
}

export function createLiveBlobStore(news: MoveNews): LiveBlobStore {
  let reads: readonly BlobStore[] = []
  let found: BlobStore | null = null
  let writes: BlobStore | null = null
  const open = new Map<BlobStore, number>()

  function count(store: BlobStore, by: number): void {
    open.set(store, (open.get(store) ?? 0) + by)
  }

  function required(store: BlobStore | null): BlobStore {
    if (!store) throw new BlobStoreAwayError('no store was opened')
    return store
  }

  /** Who missed that a move began does not know where new blobs are. */
  async function retried<T>(look: (store: BlobStore) => Promise<T | null>): Promise<T | null> {
    const before = required(found)
    const first = await look(before)
    if (first !== null) return first
    await news.read()
    return found && found !== before ? look(found) : null
  }

  /** What ended in a store that was left is lost: whoever sent it is asked to send it again. */
  async function checkOpen(store: BlobStore, key: string): Promise<void> {
    if (!news.isFresh()) await news.read()
    if (reads.includes(store)) return
    await store.delete([key]).catch(() => {})
    throw new BlobStoreAwayError('blobs were moved meanwhile')
  }

  function counted(store: BlobStore, writer: BlobWriter): BlobWriter {
    let isOpen = true
    const close = () => {
      if (isOpen) count(store, -1)
      isOpen = false
    }
    return {
      write: (chunk) => writer.write(chunk),
      async finish() {
        const meta = await writer.finish()
        try {
          await checkOpen(store, meta.key)
          return meta
        } finally {
          close()
        }
      },
      async abort() {
        if (!isOpen) return
        await writer.abort().finally(close)
      },
    }
  }

  return {
    use(o) {
      const [to, from] = o.reads
      const isSame = o.reads.length === reads.length && o.reads.every((one, i) => one === reads[i])
      if (!isSame && to) found = from ? createMovingBlobStore({ to, from }) : to
      reads = o.reads
      writes = o.writes
    },
    get oldUploads() {
      let sum = 0
      for (const [store, uploads] of open) if (store !== writes) sum += uploads
      return sum
    },
    async begin(key, o) {
      if (!news.isFresh()) await news.read()
      const store = required(writes)
      count(store, 1)
      try {
        return counted(store, await store.begin(key, o))
      } catch (error) {
        count(store, -1)
        throw error
      }
    },
    async read(key, o) {
      const stream = await retried(async (store) => {
        try {
          return await store.read(key, o)
        } catch (error) {
          if (error instanceof BlobMissingError) return null
          throw error
        }
      })
      if (!stream) throw new BlobMissingError(key)
      return stream
    },
    stat: (key, o) => retried((store) => store.stat(key, o)),
    delete: async (keys, o) => required(found).delete(keys, o),
    list: (o) => required(found).list(o),
    reclaim: async (o) => (await required(found).reclaim?.(o)) ?? 0,
    /** Stores are closed by whoever opened them. */
    async [Symbol.asyncDispose]() {},
  }
}
