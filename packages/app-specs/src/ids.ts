import type { Micros } from '@pubky/protocol/brands'
import { utf8 } from '@pubky/protocol/bytes'
import { decodeCrockford, encodeCrockford } from '@pubky/protocol/crockford'
import { blake3Sync, randomBytes } from '@pubky/protocol/hash'
import { refuse, SpecsError } from './errors.ts'
import { FIRST_ID_MICROS, ID_FUTURE_MICROS } from './limits.ts'
import type { HashId, PostId } from './types.ts'

const HASH_ID_BYTES = 16

/** Text of a timestamp id: 8 bytes big-endian in Crockford base32 (spec/data-model.md 4.1). */
export function timestampId(micros: Micros): PostId {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, micros)
  return encodeCrockford(bytes) as PostId
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

function decodeId(id: string): Uint8Array | null {
  if (!/^[0-9A-Za-z]{13}$/.test(id)) return null
  // Readers before us take lower case and the look-alikes O, I and L, and ignore the spare last bit.
  const canonical = id.toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  if (canonical.includes('U')) return null
  const last = ALPHABET.charAt(ALPHABET.indexOf(canonical.charAt(12)) & ~1)
  return decodeCrockford(canonical.slice(0, 12) + last)
}

/** Thirteen characters that decode to eight bytes; says nothing about the time. */
export function isTimestampId(id: string): id is PostId {
  return id.length === 13 && decodeId(id) !== null
}

/** Microseconds since the epoch that a timestamp id stands for. */
export function idMicros(id: string): Micros {
  const bytes = id.length === 13 ? decodeId(id) : null
  if (!bytes)
    throw new SpecsError('invalid_id', 'id', 'Validation Error: Invalid Crockford Base32 encoding')
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0) as Micros
}

/** Refuses ids of the wrong form, from before October 2024, or more than two hours ahead. */
export function checkTimestampId<T extends string>(id: string, nowMicros: Micros): T {
  if (utf8(id).length !== 13) refuse('invalid_id', 'id', 'Invalid ID length: must be 13 characters')
  const micros = idMicros(id)
  if (micros < FIRST_ID_MICROS)
    refuse('invalid_id', 'id', 'Invalid ID, timestamp must be after October 1st, 2024')
  if (micros > nowMicros + ID_FUTURE_MICROS)
    refuse('invalid_id', 'id', 'Invalid ID, timestamp is too far in the future')
  return id as T
}

/** First half of the BLAKE3 hash in Crockford base32 (spec/data-model.md 4.2). */
export function hashId(input: string | Uint8Array): HashId {
  const bytes = typeof input === 'string' ? utf8(input) : input
  return hashIdOfHash(blake3Sync(bytes))
}

/** The same from a 32-byte BLAKE3 hash that is already known, for large blobs. */
export function hashIdOfHash(hash: Uint8Array): HashId {
  return encodeCrockford(hash.subarray(0, HASH_ID_BYTES)) as HashId
}

export function checkHashId(found: string, input: string | Uint8Array): HashId {
  const expected = hashId(input)
  if (found !== expected)
    throw new SpecsError('invalid_id', 'id', `Invalid ID: expected ${expected}, found ${found}`)
  return expected
}

/**
 * Makes ids of new posts and files: the clock's milliseconds, a random part below one millisecond,
 * and never the same or a smaller one again (design 6).
 */
export function createIdClock(now: () => Micros): () => PostId {
  let last = 0n
  return () => {
    const random = new DataView(randomBytes(2).buffer).getUint16(0) % 1000
    const fresh = (now() / 1000n) * 1000n + BigInt(random)
    last = fresh > last ? fresh : last + 1n
    return timestampId(last as Micros)
  }
}
