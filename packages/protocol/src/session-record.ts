import type { PublicKeyZ32 } from './brands.ts'
import { concat } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { publicKeyBytes, publicKeyFromBytes } from './keys.ts'
import { PostcardReader, postcardString, varint } from './postcard.ts'

/** What a homeserver answers about a cookie session (spec/homeserver.md 2.3). */
export interface SessionRecord {
  publicKey: PublicKeyZ32
  /** Microseconds or seconds, depending on the route; clients ignore it. */
  createdAt: bigint
  name: string
  userAgent: string
  capabilities: string[]
}

const MAX_CAPABILITIES = 10_000n

export function encodeSessionRecord(record: SessionRecord): Uint8Array {
  return concat(
    varint(0n),
    publicKeyBytes(record.publicKey),
    varint(record.createdAt),
    postcardString(record.name),
    postcardString(record.userAgent),
    varint(BigInt(record.capabilities.length)),
    ...record.capabilities.map(postcardString),
  )
}

function read(bytes: Uint8Array): SessionRecord {
  const reader = new PostcardReader(bytes)
  if (reader.varint() !== 0n) throw new RangeError('unknown version')
  const publicKey = publicKeyFromBytes(reader.take(32))
  const createdAt = reader.varint()
  const name = reader.string()
  const userAgent = reader.string()
  const count = reader.varint()
  if (count > MAX_CAPABILITIES) throw new RangeError('too many capabilities')
  const capabilities = Array.from({ length: Number(count) }, () => reader.string())
  return { publicKey, createdAt, name, userAgent, capabilities }
}

/** Bytes after the last field are left alone, as postcard does. Throws `invalid_session_record`. */
export function decodeSessionRecord(bytes: Uint8Array): SessionRecord {
  try {
    return read(bytes)
  } catch (cause) {
    throw new ProtocolError('invalid_session_record', 'not a session record', cause)
  }
}
