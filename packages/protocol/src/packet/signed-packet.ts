import { type Micros, nowMicros, type PublicKeyZ32 } from '../brands.ts'
import { concat } from '../bytes.ts'
import { decodeDnsMessage, encodeDnsMessage } from '../dns/message.ts'
import { normalizeOwner } from '../dns/names.ts'
import type { ResourceRecord } from '../dns/records.ts'
import { ProtocolError } from '../errors.ts'
import { publicKeyBytes, publicKeyFromBytes } from '../keys.ts'
import { type Signer, verifySignature } from '../signer.ts'
import { bep44Signable, checkSeq } from './item.ts'

/** Largest DNS message in a packet, in bytes: the limit of BEP44 values (spec/discovery.md 1.3). */
export const MAX_PACKET_DNS_BYTES = 1000
/** Largest relay payload in bytes: signature, timestamp, DNS message (spec/discovery.md 1.1). */
export const MAX_RELAY_PAYLOAD_BYTES = 1072

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const PAYLOAD_HEAD_BYTES = 72
/** QR set, everything else zero. */
const PACKET_FLAGS = 0x8000

/** A verified PKARR packet. `dns` holds the bytes as they were signed, never encoded anew. */
export interface SignedPacket {
  readonly publicKey: PublicKeyZ32
  readonly signature: Uint8Array
  /** Microseconds since the Unix epoch; the signer's word, which may lie in the future. */
  readonly timestamp: Micros
  readonly dns: Uint8Array
  readonly records: readonly ResourceRecord[]
}

/**
 * Signs records as a PKARR packet (spec/discovery.md 1). Owner names are made absolute below the
 * signer's key; `@` is the apex. Throws `packet_too_large` above 1000 bytes of DNS,
 * `packet_timestamp_invalid`, or what `encodeDnsMessage` throws.
 *
 * @example
 * await signPacket(signerFromKeypair(keypair), userRecords(null, homeserver))
 */
export async function signPacket(
  signer: Signer,
  records: readonly ResourceRecord[],
  timestamp: Micros = nowMicros(),
): Promise<SignedPacket> {
  checkSeq(timestamp)
  const answers = records.map((record) => ({
    ...record,
    name: normalizeOwner(record.name, signer.publicKey),
  }))
  const dns = encodeDnsMessage({ flags: PACKET_FLAGS, answers })
  if (dns.length > MAX_PACKET_DNS_BYTES) {
    throw new ProtocolError('packet_too_large', `The records take ${dns.length} of 1000 bytes.`)
  }
  const signature = await signer.sign(bep44Signable(timestamp, dns))
  return assemble(signer.publicKey, signature, timestamp, dns)
}

/** Verifies and reads key ‖ signature ‖ timestamp ‖ DNS. Throws as `packetFromRelayPayload`. */
export async function packetFromBytes(bytes: Uint8Array): Promise<SignedPacket> {
  if (bytes.length < KEY_BYTES) throw badLength(bytes.length)
  const key = publicKeyFromBytes(bytes.slice(0, KEY_BYTES))
  return packetFromRelayPayload(key, bytes.subarray(KEY_BYTES))
}

/** The packet as key ‖ signature ‖ timestamp ‖ DNS (spec/discovery.md 1.1). */
export function packetToBytes(packet: SignedPacket): Uint8Array {
  return concat(publicKeyBytes(packet.publicKey), packetToRelayPayload(packet))
}

/**
 * Verifies and reads a relay payload for `key`. Throws `packet_malformed` (length),
 * `packet_timestamp_invalid`, `packet_signature_invalid` or `dns_malformed`.
 */
export async function packetFromRelayPayload(
  key: PublicKeyZ32,
  payload: Uint8Array,
): Promise<SignedPacket> {
  if (payload.length < PAYLOAD_HEAD_BYTES || payload.length > MAX_RELAY_PAYLOAD_BYTES) {
    throw badLength(payload.length)
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const timestamp = checkSeq(view.getBigUint64(SIGNATURE_BYTES))
  const signature = payload.slice(0, SIGNATURE_BYTES)
  return verified(key, signature, timestamp, payload.slice(PAYLOAD_HEAD_BYTES))
}

/** The packet without its key, as relays carry it. */
export function packetToRelayPayload(packet: SignedPacket): Uint8Array {
  const stamp = new Uint8Array(8)
  new DataView(stamp.buffer).setBigUint64(0, packet.timestamp)
  return concat(packet.signature, stamp, packet.dns)
}

/** Checks signature and DNS of a packet's parts and puts them together. */
export async function verified(
  key: PublicKeyZ32,
  signature: Uint8Array,
  timestamp: Micros,
  dns: Uint8Array,
): Promise<SignedPacket> {
  if (!(await verifySignature(key, bep44Signable(timestamp, dns), signature))) {
    throw new ProtocolError('packet_signature_invalid', 'The signature of the packet is wrong.')
  }
  return assemble(key, signature, timestamp, dns)
}

function assemble(
  publicKey: PublicKeyZ32,
  signature: Uint8Array,
  timestamp: Micros,
  dns: Uint8Array,
): SignedPacket {
  return { publicKey, signature, timestamp, dns, records: decodeDnsMessage(dns).answers }
}

function badLength(length: number): ProtocolError {
  return new ProtocolError('packet_malformed', `A packet cannot have ${length} bytes.`)
}
