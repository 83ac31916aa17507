import {
  blake3Sync,
  concat,
  createBlake3,
  type EventId,
  equalBytes,
  fromBase64Url,
  fromUtf8,
  type ManifestPart,
  ProtocolError,
  type PublicKeyZ32,
  parseEventId,
  parsePublicKey,
  parseStrictPath,
  readU64,
  type SignedManifest,
  type StoragePath,
  toBase64Url,
  u64,
  utf8,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { SourceMeta } from './move-types.ts'

/** A file that an archive is written to or read from. Only its end is ever changed. */
export interface ArchiveFile {
  size(): Promise<number>
  read(at: number, length: number): Promise<Uint8Array>
  append(bytes: Uint8Array): Promise<void>
  truncate(size: number): Promise<void>
  /** What was appended is durable when it resolves. */
  sync(): Promise<void>
}

const MAGIC = concat(utf8('PUBKY:ARCHIVE\n'), Uint8Array.of(1))
const KINDS = { start: 1, object: 2, gone: 3, end: 4 } as const
type Kind = keyof typeof KINDS
const FIXED_BYTES = 21
const CHECK_BYTES = 8
const MAX_HEAD_BYTES = 64 * 1024
export const CHUNK_BYTES = 1024 * 1024

/** Where the body of an object lies in the file, and what is known of it. */
export interface ArchivedObject extends SourceMeta {
  at: number
}

export interface ArchiveStart {
  owner: PublicKeyZ32
  homeserver: PublicKeyZ32
}

export interface ArchiveEnd {
  /** Events of the homeserver up to here are in the archive. */
  cursor: EventId | null
  manifests: SignedManifest[]
}

/** What a file holds. Later records count; bodies are not looked at. */
export interface ArchiveIndex {
  start: ArchiveStart | null
  objects: Map<StoragePath, ArchivedObject>
  /** Null when the export was interrupted, or goes on. */
  end: ArchiveEnd | null
  /** Bytes up to the end of the last whole record. */
  soundBytes: number
  /** Bytes up to the last end there is, whatever comes after it; 0 when there is none. */
  completeBytes: number
}

export function archiveInvalid(detail: string, cause?: unknown): PubkyError {
  return new PubkyError('archive_invalid', { detail, cause })
}

/** kind(1) ‖ length of head(4) ‖ length of body(8) ‖ first 8 bytes of their BLAKE3 with the head. */
function frame(kind: Kind, head: Uint8Array, bodyBytes: number): Uint8Array {
  const lengths = new Uint8Array(4)
  new DataView(lengths.buffer).setUint32(0, head.length)
  const fixed = concat(Uint8Array.of(KINDS[kind]), lengths, u64(BigInt(bodyBytes)))
  return concat(fixed, blake3Sync(concat(fixed, head)).subarray(0, CHECK_BYTES), head)
}

function jsonFrame(kind: Kind, head: unknown, bodyBytes = 0): Uint8Array {
  return frame(kind, utf8(JSON.stringify(head)), bodyBytes)
}

export function startRecord({ owner, homeserver }: ArchiveStart): Uint8Array {
  return concat(MAGIC, jsonFrame('start', { v: 1, owner, homeserver }))
}

/** The record of an object up to its body, which follows. */
export function objectRecord(meta: SourceMeta): Uint8Array {
  const head = {
    path: meta.path,
    hash: toBase64Url(meta.hash),
    modified: meta.lastModified.getTime(),
    ...(meta.proof && { proof: toBase64Url(meta.proof) }),
  }
  return jsonFrame('object', head, meta.size)
}

export function goneRecord(path: StoragePath): Uint8Array {
  return jsonFrame('gone', { path })
}

export function endRecord({ cursor, manifests }: ArchiveEnd): Uint8Array {
  const list = manifests.map(({ part, body, proof }) => ({
    part,
    body: toBase64Url(body),
    proof: toBase64Url(proof),
  }))
  return jsonFrame('end', { cursor, manifests: list })
}

interface RawRecord {
  kind: Kind
  head: Record<string, unknown>
  bodyAt: number
  bodyBytes: number
}

/** Null at the end, and where a record is torn or damaged. */
async function readRecord(file: ArchiveFile, at: number, size: number): Promise<RawRecord | null> {
  if (at + FIXED_BYTES > size) return null
  const fixed = await file.read(at, FIXED_BYTES)
  const kind = (Object.keys(KINDS) as Kind[]).find((one) => KINDS[one] === fixed[0])
  const headBytes = new DataView(fixed.buffer, fixed.byteOffset).getUint32(1)
  const bodyBytes = Number(readU64(fixed, 5))
  const bodyAt = at + FIXED_BYTES + headBytes
  if (!kind || headBytes > MAX_HEAD_BYTES || bodyAt + bodyBytes > size) return null
  const head = await file.read(at + FIXED_BYTES, headBytes)
  const check = fixed.subarray(FIXED_BYTES - CHECK_BYTES)
  const expected = blake3Sync(concat(fixed.subarray(0, FIXED_BYTES - CHECK_BYTES), head))
  if (!equalBytes(check, expected.subarray(0, CHECK_BYTES))) return null
  return { kind, head: parseHead(head), bodyAt, bodyBytes }
}

function parseHead(head: Uint8Array): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(fromUtf8(head))
    if (json !== null && typeof json === 'object') return { ...json }
  } catch (cause) {
    throw archiveInvalid('a record is no JSON', cause)
  }
  throw archiveInvalid('a record is no JSON object')
}

/** Whoever made the file checks out; who wrote nonsense into it is told. */
function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw archiveInvalid(cause.message, cause)
  }
}

function toObject({ head, bodyAt, bodyBytes }: RawRecord): ArchivedObject {
  return checked(() => ({
    path: parseStrictPath(String(head.path)),
    hash: fromBase64Url(String(head.hash)),
    size: bodyBytes,
    proof: typeof head.proof === 'string' ? fromBase64Url(head.proof) : null,
    lastModified: new Date(Number(head.modified) || 0),
    at: bodyAt,
  }))
}

function toPart(text: unknown): ManifestPart {
  if (text === 'pub' || text === 'priv') return text
  throw archiveInvalid('a manifest of no part')
}

function toEnd({ head }: RawRecord): ArchiveEnd {
  const list = Array.isArray(head.manifests) ? (head.manifests as Record<string, unknown>[]) : []
  return checked(() => ({
    cursor: typeof head.cursor === 'string' ? parseEventId(head.cursor) : null,
    manifests: list.map(({ part, body, proof }) => ({
      part: toPart(part),
      body: fromBase64Url(String(body)),
      proof: fromBase64Url(String(proof)),
    })),
  }))
}

/**
 * Reads what a file holds in its first `upTo` bytes, up to the first record that is torn or damaged. An
 * empty file holds nothing. Throws `archive_invalid` for a file of another kind.
 */
export async function readArchive(file: ArchiveFile, upTo?: number): Promise<ArchiveIndex> {
  const size = upTo ?? (await file.size())
  const index: ArchiveIndex = {
    start: null,
    objects: new Map(),
    end: null,
    soundBytes: 0,
    completeBytes: 0,
  }
  if (size < MAGIC.length) {
    const given = await file.read(0, size)
    if (!equalBytes(given, MAGIC.subarray(0, size))) throw archiveInvalid('not an archive')
    return index
  }
  if (!equalBytes(await file.read(0, MAGIC.length), MAGIC))
    throw archiveInvalid('not an archive of this version')
  let at = MAGIC.length
  for (;;) {
    const record = await readRecord(file, at, size)
    if (!record) break
    take(index, record)
    at = record.bodyAt + record.bodyBytes
    if (index.end) index.completeBytes = at
  }
  index.soundBytes = index.start ? at : 0
  return index
}

function take(index: ArchiveIndex, record: RawRecord): void {
  // What comes after an end goes on from there, until the next one.
  index.end = record.kind === 'end' ? toEnd(record) : null
  if (record.kind === 'start' && !index.start)
    index.start = checked(() => ({
      owner: parsePublicKey(String(record.head.owner)),
      homeserver: parsePublicKey(String(record.head.homeserver)),
    }))
  if (!index.start) throw archiveInvalid('the first record is missing')
  if (record.kind === 'object') {
    const object = toObject(record)
    index.objects.set(object.path, object)
  }
  if (record.kind === 'gone')
    index.objects.delete(checked(() => parseStrictPath(String(record.head.path))))
}

/** The body of an object, piece by piece; throws `archive_invalid` when it is not what its hash says. */
export async function* archivedBody(
  file: ArchiveFile,
  { at, size, hash, path }: ArchivedObject,
): AsyncGenerator<Uint8Array> {
  const hasher = await createBlake3()
  for (let done = 0; done < size; done += CHUNK_BYTES) {
    const chunk = await file.read(at + done, Math.min(CHUNK_BYTES, size - done))
    hasher.update(chunk)
    yield chunk
  }
  if (!equalBytes(hasher.digest(), hash)) throw archiveInvalid(`the body of ${path} is damaged`)
}

/** An archive in memory, for browsers and tests. */
export function memoryArchive(bytes: Uint8Array = new Uint8Array()): ArchiveFile & {
  bytes(): Uint8Array
} {
  let parts = [bytes]
  const whole = () => {
    if (parts.length > 1) parts = [concat(...parts)]
    return parts[0] ?? new Uint8Array()
  }
  return {
    bytes: whole,
    size: async () => whole().length,
    read: async (at, length) => whole().slice(at, at + length),
    append: async (more) => {
      parts.push(more.slice())
    },
    truncate: async (size) => {
      parts = [whole().slice(0, size)]
    },
    sync: async () => {},
  }
}
