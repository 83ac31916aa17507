import { crc32 } from 'node:zlib'
import type { MutableItem } from '@pubky/sdk/dht'

/** An item with the time it was stored, in microseconds. */
export interface LogEntry {
  storedAt: bigint
  item: MutableItem
}

/** length(4) ‖ crc32(4) ‖ storedAt(8) ‖ key(32) ‖ signature(64) ‖ seq(8) ‖ value, big-endian. */
const FRAME_BYTES = 8
const FIXED_BYTES = 112
const MAX_VALUE_BYTES = 1000
export const MAX_ENTRY_BYTES = FRAME_BYTES + FIXED_BYTES + MAX_VALUE_BYTES

export function encodeEntry({ item, storedAt }: LogEntry): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES + FIXED_BYTES + item.value.length)
  const body = bytes.subarray(FRAME_BYTES)
  body.writeBigUInt64BE(storedAt, 0)
  body.set(item.key, 8)
  body.set(item.sig, 40)
  body.writeBigUInt64BE(item.seq, 104)
  body.set(item.value, FIXED_BYTES)
  bytes.writeUInt32BE(body.length, 0)
  bytes.writeUInt32BE(crc32(body), 4)
  return bytes
}

/** The entry at the start of `bytes` and its length; null when it is cut short or damaged. */
export function decodeEntry(bytes: Buffer): { entry: LogEntry; length: number } | null {
  if (bytes.length < FRAME_BYTES + FIXED_BYTES) return null
  const length = bytes.readUInt32BE(0)
  if (length < FIXED_BYTES || length > FIXED_BYTES + MAX_VALUE_BYTES) return null
  const body = bytes.subarray(FRAME_BYTES, FRAME_BYTES + length)
  if (body.length < length || crc32(body) !== bytes.readUInt32BE(4)) return null
  const copy = new Uint8Array(body)
  return {
    entry: {
      storedAt: body.readBigUInt64BE(0),
      item: {
        key: copy.slice(8, 40),
        sig: copy.slice(40, 104),
        seq: body.readBigUInt64BE(104),
        value: copy.slice(FIXED_BYTES),
      },
    },
    length: FRAME_BYTES + length,
  }
}
