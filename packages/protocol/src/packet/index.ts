export { type Endpoint, type ResolveEndpointsOptions, resolveEndpoints } from './endpoints.ts'
export { bep44Signable, type PacketItem, verifyItem } from './item.ts'
export {
  isMoreRecent,
  isSamePacket,
  MAX_PACKET_TTL_S,
  MIN_PACKET_TTL_S,
  packetTtl,
} from './order.ts'
export { packetFromItem, packetToItem } from './packet-item.ts'
export {
  type HomeserverAddress,
  homeserverOf,
  homeserverRecords,
  PUBKY_RECORD_TTL_S,
  policyTextOf,
  recordsNamed,
  userRecords,
  withPolicyText,
} from './pubky-records.ts'
export {
  MAX_PACKET_DNS_BYTES,
  MAX_RELAY_PAYLOAD_BYTES,
  packetFromBytes,
  packetFromRelayPayload,
  packetToBytes,
  packetToRelayPayload,
  type SignedPacket,
  signPacket,
} from './signed-packet.ts'
