import { ProtocolError } from '../errors.ts'
import { publicKeyBytes, publicKeyFromBytes } from '../keys.ts'
import { checkSeq, type PacketItem } from './item.ts'
import { MAX_PACKET_DNS_BYTES, type SignedPacket, verified } from './signed-packet.ts'

/** The packet as a BEP44 mutable item. */
export function packetToItem(packet: SignedPacket): PacketItem {
  return {
    key: publicKeyBytes(packet.publicKey),
    seq: packet.timestamp,
    value: packet.dns,
    sig: packet.signature,
  }
}

/** Verifies and reads a BEP44 item. Throws as `packetFromRelayPayload`, or `invalid_public_key`. */
export async function packetFromItem(item: PacketItem): Promise<SignedPacket> {
  if (item.sig.length !== 64 || item.value.length > MAX_PACKET_DNS_BYTES) {
    throw new ProtocolError(
      'packet_malformed',
      'The item has a value or signature of wrong length.',
    )
  }
  return verified(
    publicKeyFromBytes(item.key),
    item.sig.slice(),
    checkSeq(item.seq),
    item.value.slice(),
  )
}
