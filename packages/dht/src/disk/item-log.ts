import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { MutableItem } from '@pubky/sdk/dht'
import { DhtError } from '../errors.ts'
import { decodeEntry, encodeEntry, type LogEntry, MAX_ENTRY_BYTES } from './entry.ts'
import { createPlaceIndex, type Place } from './place-index.ts'

const MAGIC = Buffer.from('pubky-items 1\n')
/** Dead bytes that are tolerated before the file is written anew. */
const SLACK_BYTES = 1 << 20
const WRITTEN_AT_ONCE = 1 << 20

export interface ItemLogOptions {
  file: string
  /** Items kept, and their bytes; the least recently used go first. */
  maxItems: number
  maxBytes?: number
  /** Told every sound entry while the file is opened, oldest first, replaced ones too. */
  onEntry?: (entry: LogEntry) => void
}

/**
 * Signed items on disk, the newest of each key, in one file that only grows and is written anew
 * when half of it is dead. `put` resolves when the item would survive a power cut; puts that come
 * together share one sync. A torn end, as a crash leaves it, is cut off when the file is opened.
 */
export async function openItemLog({
  file,
  maxItems,
  maxBytes = Number.POSITIVE_INFINITY,
  onEntry,
}: ItemLogOptions) {
  await mkdir(dirname(file), { recursive: true })
  let handle = await open(file, 'a+')
  const places = createPlaceIndex()
  let size = 0
  let live = 0
  let waiting: {
    key: Uint8Array
    bytes: Buffer
    done: () => void
    fail: (cause: unknown) => void
  }[] = []
  let writing: Promise<void> | null = null
  let closed = false

  await load()

  async function load(): Promise<void> {
    const { size: length } = await handle.stat()
    const head = Buffer.alloc(MAGIC.length)
    await handle.read(head, 0, head.length, 0)
    if (length >= MAGIC.length && !head.equals(MAGIC)) throw new DhtError('dht_log_unreadable')
    if (length < MAGIC.length) {
      await handle.truncate(0)
      await handle.appendFile(MAGIC)
      await handle.datasync()
      size = MAGIC.length
      return
    }
    size = await scan(handle, length, (entry, place) => {
      settle(entry.item.key, place)
      onEntry?.(entry)
    })
    if (size < length) await handle.truncate(size)
  }

  function settle(key: Uint8Array, place: Place): void {
    remove(key)
    places.add(key, place)
    live += place.length
    while (places.size > maxItems || live > maxBytes) live -= places.removeOldest()?.length ?? 0
  }

  function remove(key: Uint8Array): void {
    live -= places.remove(key)?.length ?? 0
  }

  function put(item: MutableItem, storedAt: bigint): Promise<void> {
    if (closed) return Promise.reject(new DhtError('dht_closed'))
    return new Promise((done, fail) => {
      waiting.push({ key: item.key, bytes: encodeEntry({ item, storedAt }), done, fail })
      writing ??= drain().catch(refuse)
    })
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await handle.appendFile(Buffer.concat(batch.map(({ bytes }) => bytes)))
        await handle.datasync()
        for (const { key, bytes } of batch) {
          settle(key, { at: size, length: bytes.length })
          size += bytes.length
        }
        for (const { done } of batch) done()
      } catch (cause) {
        for (const { fail } of batch) fail(cause)
        // A torn entry in the middle would hide everything after it from the next start.
        await handle.truncate(size)
        continue
      }
      if (size - live > live + SLACK_BYTES) await compact()
    }
    // In the same step as the last look at the queue: a put that comes now starts anew.
    writing = null
  }

  /** After an error that left the file in an unknown state nothing more is promised. */
  function refuse(cause: unknown): void {
    closed = true
    writing = null
    for (const { fail } of waiting) fail(cause)
    waiting = []
  }

  async function compact(): Promise<void> {
    const next = `${file}.new`
    const target = await open(next, 'w')
    let at = MAGIC.length
    let settleMoved: () => void
    let gathered = [MAGIC]
    let gatheredBytes = 0
    const flush = async () => {
      await target.appendFile(Buffer.concat(gathered))
      gathered = []
      gatheredBytes = 0
    }
    try {
      settleMoved = await places.rewrite(async (place) => {
        const bytes = Buffer.alloc(place.length)
        await handle.read(bytes, 0, place.length, place.at)
        gathered.push(bytes)
        gatheredBytes += bytes.length
        if (gatheredBytes >= WRITTEN_AT_ONCE) await flush()
        at += place.length
        return at - place.length
      })
      await flush()
      await target.datasync()
    } finally {
      await target.close()
    }
    await rename(next, file)
    await syncDirectory(dirname(file))
    const old = handle
    handle = await open(file, 'a+')
    // Handle and places change in one step, so that no reader sees one without the other.
    settleMoved()
    size = at
    await old.close()
  }

  async function get(key: Uint8Array): Promise<LogEntry | null> {
    const place = places.get(key)
    if (!place || closed) return null
    places.touch(key)
    const entry = await readAt(handle, place)
    return entry && Buffer.compare(entry.item.key, key) === 0 ? entry : null
  }

  return {
    put,
    get,
    has: (key: Uint8Array): boolean => places.get(key) !== null,
    /** Says that an item is in use, whose bytes are at hand elsewhere. */
    touch: (key: Uint8Array): void => places.touch(key),
    /** Lets the entry go at the next rewrite of the file. */
    drop: (key: Uint8Array): void => remove(key),
    size: (): number => places.size,
    bytes: (): number => size,
    /** What the index of the file takes in memory. */
    indexBytes: (): number => places.bytes,
    async close(): Promise<void> {
      closed = true
      while (writing) await writing
      await handle.close()
    },
  }
}

export type ItemLog = Awaited<ReturnType<typeof openItemLog>>

/** Reads entries until the end or the first damaged one; returns where the sound part ends. */
async function scan(
  handle: FileHandle,
  length: number,
  visit: (entry: LogEntry, place: Place) => void,
): Promise<number> {
  let at = MAGIC.length
  let chunk = Buffer.alloc(0)
  let from = at
  for (;;) {
    if (at - from + MAX_ENTRY_BYTES > chunk.length && from + chunk.length < length) {
      chunk = Buffer.alloc(Math.min(1 << 20, length - at))
      from = at
      await handle.read(chunk, 0, chunk.length, at)
    }
    const found = decodeEntry(chunk.subarray(at - from))
    if (!found) return at
    visit(found.entry, { at, length: found.length })
    at += found.length
  }
}

async function readAt(handle: FileHandle, { at, length }: Place): Promise<LogEntry | null> {
  const bytes = Buffer.alloc(length)
  await handle.read(bytes, 0, length, at)
  return decodeEntry(bytes)?.entry ?? null
}

/** Makes a rename durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
