import {
  type EventId,
  type Micros,
  type PublicKeyZ32,
  publicKeyBytes,
  publicKeyFromBytes,
  type StoragePath,
} from '@pubky/protocol'
import type { EntryBody, JournalEntry, NewObjectEntry, ObjectRefs } from './entries.ts'
import { IndexerError } from './errors.ts'

export const KINDS = ['PUT', 'DEL', 'HOME', 'PURGE'] as const
export const STATES = ['ok', 'superseded', 'refused'] as const

/** A row of `journal` as the driver gives it: bigints are text. */
export interface JournalRow {
  position: string
  kind: number
  owner: Buffer
  host: Buffer | null
  event_id: string | null
  path: string | null
  received_at_ms: string
  record_micros: string | null
  hash: Buffer | null
  body: Buffer | null
  blob_key: string | null
  size: string | null
  refs: ObjectRefs | null
  proof: Buffer | null
  status: number
  reason: string | null
}

/** The columns of a `JournalRow`, for `select`. */
export const JOURNAL_COLUMNS = `position, kind, owner, host, event_id, path, received_at_ms,
  record_micros, hash, body, blob_key, size, refs, proof, status, reason`

// Checking that a key is a point of the curve costs more than the rest of a row.
const MAX_KNOWN_KEYS = 50_000
const keys = new Map<string, PublicKeyZ32>()

export function keyOfBytes(bytes: Buffer): PublicKeyZ32 {
  const hex = bytes.toString('latin1')
  const known = keys.get(hex)
  if (known) return known
  const key = publicKeyFromBytes(bytes)
  if (keys.size >= MAX_KNOWN_KEYS) keys.clear()
  keys.set(hex, key)
  return key
}

/** The 32 bytes of a key as the driver takes them. */
export function bytesOfKey(key: PublicKeyZ32): Buffer {
  return Buffer.from(publicKeyBytes(key))
}

/** Reads a row; `bad_row` when it was not written by this program. */
export function entryOfRow(row: JournalRow): JournalEntry {
  const common = {
    position: BigInt(row.position),
    owner: keyOfBytes(row.owner),
    receivedAtMs: Number(row.received_at_ms),
  }
  const host = row.host && keyOfBytes(row.host)
  const path = row.path as StoragePath | null
  switch (KINDS[row.kind]) {
    case 'HOME':
      return {
        kind: 'HOME',
        ...common,
        host,
        recordMicros: BigInt(row.record_micros ?? 0) as Micros,
        ...(row.body && { policy: row.body }),
      }
    case 'PURGE':
      return { kind: 'PURGE', ...common, path, reason: row.reason }
    case undefined:
      throw new IndexerError('bad_row', { detail: row.position })
  }
  const kind = KINDS[row.kind]
  const status = STATES[row.status]
  if ((kind !== 'PUT' && kind !== 'DEL') || !host || !row.event_id || !path || !status)
    throw new IndexerError('bad_row', { detail: row.position })
  return {
    kind,
    ...common,
    host,
    eventId: row.event_id as EventId,
    path,
    hash: row.hash,
    body: kind === 'PUT' && status === 'ok' ? bodyOfRow(row) : null,
    proof: row.proof,
    status,
    reason: row.reason,
    format: 1,
  }
}

function bodyOfRow(row: JournalRow): EntryBody {
  if (row.body) return { at: 'row', bytes: row.body }
  if (row.blob_key) return { at: 'blob', key: row.blob_key, size: Number(row.size ?? 0) }
  return { at: 'erased', refs: row.refs }
}

/** The arrays that `journal_append` takes, one per column. */
export function columnsOf(entries: readonly NewObjectEntry[]): unknown[] {
  const column = (value: (entry: NewObjectEntry) => unknown) => entries.map(value)
  return [
    column((e) => KINDS.indexOf(e.kind)),
    column((e) => bytesOfKey(e.owner)),
    column((e) => e.eventId),
    column((e) => e.path),
    column((e) => Math.trunc(e.receivedAtMs)),
    column((e) => asBuffer(e.hash)),
    column((e) => (e.body?.at === 'row' ? asBuffer(e.body.bytes) : null)),
    column((e) => (e.body?.at === 'blob' ? e.body.key : null)),
    column((e) => sizeOf(e)),
    column((e) => asBuffer(e.proof)),
    column((e) => STATES.indexOf(e.status)),
    column((e) => e.reason),
  ]
}

/** Bytes of the body that lie in the row, for limits of batches. */
export function rowBytes(entry: NewObjectEntry): number {
  return entry.body?.at === 'row' ? entry.body.bytes.length : 0
}

function sizeOf({ body }: NewObjectEntry): number | null {
  if (body?.at === 'row') return body.bytes.length
  return body?.at === 'blob' ? body.size : null
}

export function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
