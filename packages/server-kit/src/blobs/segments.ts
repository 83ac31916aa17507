import { randomUUID } from 'node:crypto'
import { constants, type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Opt } from '@pubky/sdk/dht'
import type { ListedBlob } from './blob-store.ts'
import { isMissing } from './missing-file.ts'
import {
  BLOCK_BYTES,
  blocksOf,
  DELETED_SUFFIX,
  deletedAt,
  erasedAt,
  parseSegmentKey,
  readTable,
  SEGMENT_SUFFIX,
  type SegmentPlace,
  type StoredBlob,
  segmentKey,
  type Table,
} from './segment-format.ts'

/** What was written to within it may be written to by another process, and named by an entry only later. */
const YOUNG_MS = 24 * 3_600_000
/** A segment that was not written for so long is written again for even a single deleted blob. */
const ERASED_AFTER_MS = 7 * YOUNG_MS
const COPIED_AT_ONCE = 256 * 1024
const MARK = Buffer.of(1)

export interface FoundBlob {
  handle: FileHandle
  start: number
  size: number
}

function pathOf(dir: string, segment: string, suffix: string): string {
  return join(dir, segment.slice(0, 2), `${segment}${suffix}`)
}

async function unlessMissing<T>(file: Promise<T>): Promise<T | null> {
  try {
    return await file
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function openSegment(dir: string, segment: string): Promise<FileHandle | null> {
  return unlessMissing(open(pathOf(dir, segment, SEGMENT_SUFFIX), 'r'))
}

async function tableAt(handle: FileHandle, segment: string, block: number): Promise<Table | null> {
  const { buffer, bytesRead } = await handle.read({
    buffer: Buffer.allocUnsafe(BLOCK_BYTES),
    position: block * BLOCK_BYTES,
  })
  return readTable(buffer.subarray(0, bytesRead), segment, block)
}

/**
 * What a crash cut off was told to nobody: the last table is the one before. One that is damaged hides its
 * own blobs, not those of the tables after it.
 */
async function* tablesOf(handle: FileHandle, segment: string) {
  const blocks = blocksOf((await handle.stat()).size)
  for (let block = 0; block < blocks; ) {
    const table = await tableAt(handle, segment, block)
    if (table) yield { block, ...table }
    block = table?.next ?? block + 1
  }
}

/** The marks of all deleted blobs of a segment; those at its end may be missing. */
async function marksOf(dir: string, segment: string): Promise<Buffer | null> {
  return unlessMissing(readFile(pathOf(dir, segment, DELETED_SUFFIX)))
}

async function isMarked(dir: string, { segment, table, place }: SegmentPlace): Promise<boolean> {
  const handle = await unlessMissing(open(pathOf(dir, segment, DELETED_SUFFIX), 'r'))
  if (!handle) return false
  try {
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(1),
      position: deletedAt(table, place),
    })
    return bytesRead === 1 && buffer[0] !== 0
  } finally {
    await handle.close()
  }
}

async function blobAt(
  dir: string,
  handle: FileHandle,
  at: SegmentPlace,
): Promise<StoredBlob | null> {
  const blob = (await tableAt(handle, at.segment, at.table))?.blobs[at.place]
  return blob && !blob.isErased && !(await isMarked(dir, at)) ? blob : null
}

/** The blob of this key, open for reading; null when it is in no segment. */
export async function openInSegment(dir: string, key: string): Promise<FoundBlob | null> {
  const at = parseSegmentKey(key)
  const handle = at && (await openSegment(dir, at.segment))
  if (!handle) return null
  try {
    const blob = await blobAt(dir, handle, at)
    if (blob) return { handle, start: blob.block * BLOCK_BYTES, size: blob.size }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return null
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ENOSPC|EDQUOT)$/.test(String(error.code))
}

async function mark(path: string, flags: number, at: number): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.write(MARK, 0, 1, at)
  } finally {
    await file.close()
  }
}

/**
 * Marks it as deleted: its bytes go when its segment is written again. Resolves with how many these are, 0
 * when it was in no segment.
 */
export async function deleteInSegment(dir: string, key: string): Promise<number> {
  const found = await openInSegment(dir, key)
  await found?.handle.close()
  const at = found && parseSegmentKey(key)
  if (!at) return 0
  const { segment, table, place } = at
  const { O_RDWR, O_CREAT } = constants
  try {
    await mark(pathOf(dir, segment, DELETED_SUFFIX), O_RDWR | O_CREAT, deletedAt(table, place))
  } catch (error) {
    if (!isFull(error)) throw error
    // Nothing would be given back any more: the table has a place for it.
    await mark(pathOf(dir, segment, SEGMENT_SUFFIX), O_RDWR, erasedAt(table, place))
  }
  return found.size
}

/** The blobs of one segment in the order of their keys. */
export async function listSegment(dir: string, segment: string): Promise<ListedBlob[]> {
  const handle = await openSegment(dir, segment)
  if (!handle) return []
  const listed: ListedBlob[] = []
  try {
    const marks = await marksOf(dir, segment)
    for await (const { block, storedMs, blobs } of tablesOf(handle, segment))
      for (const [place, { size, isErased }] of blobs.entries()) {
        if (isErased || marks?.[deletedAt(block, place)]) continue
        const key = segmentKey({ segment, table: block, place })
        listed.push({ key, size, createdMs: storedMs })
      }
    return listed
  } finally {
    await handle.close()
  }
}

async function copyRange(
  from: FileHandle,
  to: FileHandle,
  start: number,
  end: number,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(COPIED_AT_ONCE)
  for (let at = start; at < end; ) {
    const length = Math.min(buffer.length, end - at)
    const { bytesRead } = await from.read({ buffer, length, position: at })
    if (bytesRead === 0) throw new Error('a segment ends before its blobs')
    // Less than asked for is written when the disk is nearly full.
    at += (await to.write(buffer, 0, bytesRead, at)).bytesWritten
  }
}

interface Contents {
  tables: (Table & { block: number })[]
  stored: number
  storedBytes: number
  /** Of deleted blobs that still take room. */
  deletedBytes: number
  newestMs: number
}

async function contentsOf(
  handle: FileHandle,
  segment: string,
  marks: Buffer | null,
): Promise<Contents> {
  const sums = { stored: 0, storedBytes: 0, deletedBytes: 0, newestMs: 0 }
  const found: Contents = { tables: [], ...sums }
  for await (const table of tablesOf(handle, segment)) {
    found.tables.push(table)
    found.newestMs = Math.max(found.newestMs, table.storedMs)
    for (const [place, { size, isErased }] of table.blobs.entries()) {
      if (isErased) continue
      if (marks?.[deletedAt(table.block, place)]) {
        found.deletedBytes += size
        continue
      }
      found.stored += 1
      found.storedBytes += size
    }
  }
  return found
}

/** Writes what is left to a file of the same layout: what was deleted is a hole in it, which takes no room. */
async function rewrite(
  dir: string,
  segment: string,
  handle: FileHandle,
  { tables, marks }: Contents & { marks: Buffer | null },
): Promise<void> {
  const scratch = join(dir, 'tmp', randomUUID())
  const copy = await open(scratch, 'wx')
  try {
    for (const { block, blobs } of tables) {
      await copyRange(handle, copy, block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)
      for (const [place, { block: first, size, isErased }] of blobs.entries()) {
        const start = first * BLOCK_BYTES
        if (marks?.[deletedAt(block, place)]) await copy.write(MARK, 0, 1, erasedAt(block, place))
        else if (!isErased) await copyRange(handle, copy, start, start + size)
      }
    }
    await copy.truncate((tables.at(-1)?.next ?? 0) * BLOCK_BYTES)
    await copy.sync()
    await rename(scratch, pathOf(dir, segment, SEGMENT_SUFFIX))
  } catch (error) {
    await rm(scratch, { force: true })
    throw error
  } finally {
    await copy.close()
  }
}

export interface Reclaim extends Opt {
  nowMs: number
  /** Nobody writes to it any more, however young it is. */
  isFinished?: boolean
}

/**
 * Gives back the room of deleted blobs of a segment that nobody writes to any more, when they are all of
 * it, half of it, or it was last written a week ago. Reads that are under way keep the old file. Resolves
 * with the bytes of the deleted blobs.
 */
export async function reclaimSegment(dir: string, segment: string, o: Reclaim): Promise<number> {
  const handle = await openSegment(dir, segment)
  if (!handle) return 0
  try {
    const marks = await marksOf(dir, segment)
    // Most segments of most hours: there may be a hundred thousand.
    if (!marks && (await tableAt(handle, segment, 0))) return 0
    const contents = await contentsOf(handle, segment, marks)
    const { tables, stored, storedBytes, deletedBytes } = contents
    const { mtimeMs } = await handle.stat()
    const newestMs = tables.length > 0 ? contents.newestMs : mtimeMs
    if (!o.isFinished && o.nowMs - newestMs < YOUNG_MS) return 0
    if (stored === 0) {
      for (const suffix of [SEGMENT_SUFFIX, DELETED_SUFFIX])
        await rm(pathOf(dir, segment, suffix), { force: true })
      return deletedBytes
    }
    if (deletedBytes === 0) return 0
    // Not by the last deletion: there might be one each day.
    const isOld = o.nowMs - mtimeMs > ERASED_AFTER_MS
    if (deletedBytes <= storedBytes && !isOld) return 0
    o.signal?.throwIfAborted()
    // The marks stay: there may be new ones.
    await rewrite(dir, segment, handle, { ...contents, marks })
    return deletedBytes
  } finally {
    await handle.close()
  }
}
