import { randomBytes } from 'node:crypto'

/**
 * A segment is a file of blocks that only grows. Blobs that were stored together follow a table of one block
 * that names them; the next table follows the last of them. A blob's key says where its table is, and
 * its place in it: `<segment>_<block of the table>_<place>`, so that nothing else need remember it.
 *
 * Table, little-endian: magic (8 bytes), segment (8), its own block (4), block of the next table (4), time of
 * storing in ms (8), number of blobs (4); from byte 64 on 16 bytes for each blob: first block (4), size (4),
 * 1 when its bytes were erased (1).
 *
 * What was deleted has a 1 in a file beside it, at byte `deletedAt`.
 */
export const BLOCK_BYTES = 4096
export const MAX_IN_TABLE = 64
export const SEGMENT_SUFFIX = '.seg'
export const DELETED_SUFFIX = '.deleted'
export const SEGMENT_NAME_LENGTH = 16

const MAGIC = Buffer.from('pubkyseg')
const HEAD_BYTES = 64
const PLACE_BYTES = 16
const ERASED_AT = 8
const KEY = /^([0-9a-f]{16})_([0-9a-z]{4})_([0-9a-z]{2})$/

export interface SegmentPlace {
  segment: string
  /** The block of the table. */
  table: number
  place: number
}

export interface StoredBlob {
  block: number
  size: number
  isErased: boolean
}

export interface Table {
  next: number
  storedMs: number
  blobs: StoredBlob[]
}

/** A new name; `folder` is its first two characters. */
export function newSegment(folder: string): string {
  return folder + randomBytes(SEGMENT_NAME_LENGTH / 2 - 1).toString('hex')
}

export function newFolder(): string {
  return randomBytes(1).toString('hex')
}

export function segmentKey({ segment, table, place }: SegmentPlace): string {
  const digits = (value: number, length: number) => value.toString(36).padStart(length, '0')
  return `${segment}_${digits(table, 4)}_${digits(place, 2)}`
}

/** Null for keys that others chose. */
export function parseSegmentKey(key: string): SegmentPlace | null {
  const [, segment, table = '', place = ''] = KEY.exec(key) ?? []
  if (segment === undefined) return null
  return { segment, table: Number.parseInt(table, 36), place: Number.parseInt(place, 36) }
}

export function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES)
}

/** Fills `block` with the table of blobs of these sizes, which follow it; the block after them. */
export function writeTable(
  block: Buffer,
  o: { segment: string; table: number; storedMs: number; sizes: readonly number[] },
): number {
  block.fill(0)
  MAGIC.copy(block)
  block.write(o.segment, 8, 'hex')
  block.writeUInt32LE(o.table, 16)
  block.writeBigUInt64LE(BigInt(o.storedMs), 24)
  block.writeUInt32LE(o.sizes.length, 32)
  let next = o.table + 1
  for (const [place, size] of o.sizes.entries()) {
    block.writeUInt32LE(next, HEAD_BYTES + place * PLACE_BYTES)
    block.writeUInt32LE(size, HEAD_BYTES + place * PLACE_BYTES + 4)
    next += blocksOf(size)
  }
  block.writeUInt32LE(next, 20)
  return next
}

/** Null when the block is not the table that ought to be there. */
export function readTable(block: Buffer, segment: string, table: number): Table | null {
  if (block.length < BLOCK_BYTES || !block.subarray(0, 8).equals(MAGIC)) return null
  const count = block.readUInt32LE(32)
  const isHere = block.toString('hex', 8, 16) === segment && block.readUInt32LE(16) === table
  if (!isHere || count > MAX_IN_TABLE) return null
  const blobs: StoredBlob[] = []
  let next = table + 1
  for (let at = HEAD_BYTES; blobs.length < count; at += PLACE_BYTES) {
    const blob = { block: block.readUInt32LE(at), size: block.readUInt32LE(at + 4) }
    // A damaged one must not show the bytes of others.
    if (blob.block !== next) return null
    blobs.push({ ...blob, isErased: block[at + ERASED_AT] !== 0 })
    next += blocksOf(blob.size)
  }
  const storedMs = Number(block.readBigUInt64LE(24))
  return block.readUInt32LE(20) === next ? { next, storedMs, blobs } : null
}

/** Where in its segment a blob is marked as erased, with one byte. */
export function erasedAt(table: number, place: number): number {
  return table * BLOCK_BYTES + HEAD_BYTES + place * PLACE_BYTES + ERASED_AT
}

/** Where in the file beside it a blob is marked as deleted, with one byte. */
export function deletedAt(table: number, place: number): number {
  return table * MAX_IN_TABLE + place
}
