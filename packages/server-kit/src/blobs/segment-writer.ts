import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BlobStoreAwayError } from '../errors.ts'
import type { Folders } from './folders.ts'
import {
  BLOCK_BYTES,
  blocksOf,
  MAX_IN_TABLE,
  newFolder,
  newSegment,
  SEGMENT_SUFFIX,
  segmentKey,
  writeTable,
} from './segment-format.ts'

const [open, close, datasync, truncate] = [
  promisify(fs.open),
  promisify(fs.close),
  promisify(fs.fdatasync),
  promisify(fs.ftruncate),
]

const { O_CREAT, O_EXCL, O_WRONLY, O_DIRECT } = fs.constants

/** Above it a new one is begun: what is rewritten to give room back stays small. */
const SEGMENT_BLOCKS = blocksOf(16 * 1024 * 1024)
/** Who reclaims room leaves alone what was written to within a day. */
const OPEN_MS = 3_600_000
const COUNTED_MS = 24 * 3_600_000

/** A folder is dearer to make than a file. */
const IN_ONE_FOLDER = 64

interface Segment {
  id: string
  path: string
  file: number
  /** The block after the last table and its blobs. */
  end: number
  bornMs: number
  /** Null where the file system does not number files. */
  inode: number | null
}

interface Waiting {
  blocks: Uint8Array
  size: number
  resolve(key: string): void
  reject(error: unknown): void
}

export interface SegmentWriter extends AsyncDisposable {
  /**
   * Stores a blob of `size` bytes, which fill `blocks` but for the rest of the last one; these must not
   * change meanwhile. Resolves with the blob's key when it is durable.
   */
  add(blocks: Uint8Array, size: number): Promise<string>
  /** The segment that is written to. */
  readonly current: string | null
  /** Whether it was written here lately, and will not be again. */
  isFinished(segment: string): boolean
  /**
   * Notes that so many bytes of a segment were deleted. True when it is to be written again at once, because
   * it was finished here lately and more than half of it is gone: who replaces files all the time would
   * fill the disk.
   */
  countDeleted(segment: string, bytes: number): boolean
}

/** By its name: a backup may have given it another, which says nothing. */
function isThere({ path, inode }: Segment): boolean {
  const found = fs.statSync(path, { throwIfNoEntry: false })
  return found !== undefined && (inode === null || found.ino === inode)
}

function writeOnce(file: number, parts: readonly Uint8Array[], at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(file, parts, at, (error, written) => (error ? reject(error) : resolve(written)))
  })
}

function without(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let skipped = 0
  return parts.flatMap((part) => {
    const from = Math.max(0, written - skipped)
    skipped += part.length
    return from < part.length ? [part.subarray(from)] : []
  })
}

async function writeAll(file: number, parts: readonly Uint8Array[], at: number): Promise<void> {
  let left = parts
  for (let to = at; left.length > 0; ) {
    const written = await writeOnce(file, left, to)
    if (written === 0) throw new BlobStoreAwayError('nothing more can be written')
    to += written
    left = without(left, written)
  }
}

/**
 * Stores small blobs one after the other in files that it alone appends to. What comes while one write
 * runs goes with the next: a file for each would cost ten times as much. Each process has segments of
 * its own, and begins a new one after a failure.
 */
export function createSegmentWriter(o: {
  dir: string
  folders: Folders
  isDirect: () => boolean
}): SegmentWriter {
  const { dir, folders, isDirect } = o
  /** Direct writes begin at pages, as memory of WebAssembly does. */
  let table: Buffer | null = null
  let waiting: Waiting[] = []
  let running: Promise<void> | null = null
  let current: Segment | null = null
  let folder = ''
  let begun = 0
  /** Bytes of what was written here lately, oldest first. */
  const lately = new Map<string, { bornMs: number; stored: number; deleted: number }>()

  function count({ id, bornMs }: Segment, sizes: readonly number[]): void {
    const counts = lately.get(id) ?? { bornMs, stored: 0, deleted: 0 }
    lately.set(id, counts)
    for (const size of sizes) counts.stored += size
    for (const [old, { bornMs: since }] of lately) {
      if (Date.now() - since < COUNTED_MS) break
      lately.delete(old)
    }
  }

  async function begin(): Promise<Segment> {
    if (begun % IN_ONE_FOLDER === 0) folder = newFolder()
    begun += 1
    await folders.get(folder)
    const id = newSegment(folder)
    const path = join(dir, folder, `${id}${SEGMENT_SUFFIX}`)
    const flags = O_CREAT | O_EXCL | O_WRONLY | (isDirect() ? O_DIRECT : 0)
    const file = await open(path, flags)
    const { ino } = fs.fstatSync(file)
    const segment = { id, path, file, end: 0, bornMs: Date.now(), inode: ino }
    return isThere(segment) ? segment : { ...segment, inode: null }
  }

  async function leave(segment: Segment): Promise<void> {
    current = null
    await close(segment.file)
  }

  async function segmentFor(blocks: number): Promise<Segment> {
    if (current) {
      // By the clock that others go by, also when it was set or the machine slept.
      const isOld = Math.abs(Date.now() - current.bornMs) > OPEN_MS
      if (isOld || (current.end > 0 && current.end + blocks > SEGMENT_BLOCKS)) await leave(current)
    }
    current ??= await begin()
    return current
  }

  async function store(group: readonly Waiting[]): Promise<void> {
    const blocks = group.reduce((sum, one) => sum + blocksOf(one.size), 1)
    const segment = await segmentFor(blocks)
    const at = segment.end
    const sizes = group.map(({ size }) => size)
    try {
      table ??= Buffer.from(new WebAssembly.Memory({ initial: 1 }).buffer, 0, BLOCK_BYTES)
      const named = { segment: segment.id, table: at, storedMs: Date.now(), sizes }
      const end = writeTable(table, named)
      await writeAll(segment.file, [table, ...group.map((one) => one.blocks)], at * BLOCK_BYTES)
      await datasync(segment.file)
      if (at === 0) await (await folders.get(folder)).sync()
      // Somebody took it for an old one, or the store for one that was left, and put another in its place.
      if (!isThere(segment)) throw new BlobStoreAwayError('the segment was replaced')
      segment.end = end
    } catch (error) {
      // Whether its end is as it should be is not known.
      await truncate(segment.file, at * BLOCK_BYTES).catch(() => {})
      await leave(segment).catch(() => {})
      if (at === 0) await rm(segment.path, { force: true }).catch(() => {})
      throw error
    }
    count(segment, sizes)
    for (const [place, one] of group.entries())
      one.resolve(segmentKey({ segment: segment.id, table: at, place }))
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.slice(0, MAX_IN_TABLE)
      waiting = waiting.slice(MAX_IN_TABLE)
      try {
        await store(group)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    running = null
  }

  function isFinished(segment: string): boolean {
    return lately.has(segment) && segment !== current?.id
  }

  return {
    isFinished,
    add(blocks, size) {
      return new Promise((resolve, reject) => {
        waiting.push({ blocks, size, resolve, reject })
        running ??= new Promise<void>((begin) => setImmediate(begin)).then(run)
      })
    },
    get current() {
      return current?.id ?? null
    },
    countDeleted(segment, bytes) {
      const counts = lately.get(segment)
      if (!counts) return false
      counts.deleted += bytes
      if (!isFinished(segment) || counts.deleted * 2 <= counts.stored) return false
      counts.stored -= counts.deleted
      counts.deleted = 0
      return true
    },
    async [Symbol.asyncDispose]() {
      await running
      if (current) await leave(current)
    },
  }
}
