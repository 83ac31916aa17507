export { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './addresses.ts'
export { decodeDnsMessage, encodeDnsMessage } from './message.ts'
export { normalizeOwner } from './names.ts'
export {
  DNS_TYPES,
  type DnsMessage,
  type DnsQuestion,
  type RecordData,
  type ResourceRecord,
  SVC_PARAMS,
  type SvcParams,
} from './records.ts'
export { portParam, portValue } from './svc-params.ts'
