import { type Micros, toMicros } from '../brands.ts'
import { concat, utf8 } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { publicKeyFromBytes } from '../keys.ts'
import { verifySignature } from '../signer.ts'

/** `seq` travels on the DHT as a signed 64-bit number. */
const MAX_SEQ = 2n ** 63n - 1n
const MAX_VALUE_BYTES = 1000

/** A BEP44 mutable item: 32-byte key, value of at most 1000 bytes, 64-byte signature. */
export interface PacketItem {
  key: Uint8Array
  seq: bigint
  value: Uint8Array
  sig: Uint8Array
}

/** What is signed: the BEP44 signable (spec/discovery.md 1.2). Packets have no salt. */
export function bep44Signable(seq: bigint, value: Uint8Array, salt?: Uint8Array): Uint8Array {
  const unsalted = concat(utf8(`3:seqi${seq}e1:v${value.length}:`), value)
  return salt ? concat(utf8(`4:salt${salt.length}:`), salt, unsalted) : unsalted
}

/** Whether sizes, key and signature of an item hold. Never throws, whatever the item holds. */
export async function verifyItem(
  { key, seq, value, sig }: PacketItem,
  salt?: Uint8Array,
): Promise<boolean> {
  if (key.length !== 32 || sig.length !== 64 || value.length > MAX_VALUE_BYTES) return false
  if (seq < 0n || seq > MAX_SEQ) return false
  try {
    return await verifySignature(publicKeyFromBytes(key), bep44Signable(seq, value, salt), sig)
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

/** The number as a packet timestamp. Throws `packet_timestamp_invalid` out of 0 to 2^63 − 1. */
export function checkSeq(seq: bigint): Micros {
  if (seq < 0n || seq > MAX_SEQ) {
    throw new ProtocolError('packet_timestamp_invalid', 'The timestamp is out of range.')
  }
  return toMicros(seq)
}
