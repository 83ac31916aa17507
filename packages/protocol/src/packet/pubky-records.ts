import type { PublicKeyZ32 } from '../brands.ts'
import { concat } from '../bytes.ts'
import { parseIpv4, parseIpv6 } from '../dns/addresses.ts'
import { normalizeOwner } from '../dns/names.ts'
import { type ResourceRecord, SVC_PARAMS } from '../dns/records.ts'
import { portValue } from '../dns/svc-params.ts'
import { keyOf } from './key-of.ts'
import type { SignedPacket } from './signed-packet.ts'

/** Seconds that users' and homeservers' records may be kept (spec/discovery.md 4.1). */
export const PUBKY_RECORD_TTL_S = 3600

const USER_OWNER = '_pubky'
/** The policy of the account stands in the record too, so that no homeserver can hide it (design 6). */
const POLICY_OWNER = '_sig'
const MAX_TEXT_BYTES = 255
const DEFAULT_TLS_PORT = 6287

/** Records of a packet whose owner is `name` (1.3). A query `*.x` matches one label below `x`. */
export function recordsNamed(packet: SignedPacket, name: string): ResourceRecord[] {
  const wanted = normalizeOwner(name, packet.publicKey)
  if (!wanted.startsWith('*')) return packet.records.filter((record) => record.name === wanted)
  const rest = wanted.slice(1)
  return packet.records.filter(
    ({ name: owner }) =>
      owner.endsWith(rest) && !owner.slice(0, owner.length - rest.length).includes('.'),
  )
}

/**
 * The key of the homeserver that a user's packet names: the target of the first HTTPS or SVCB
 * record `_pubky`; null when there is none or its target is no key (spec/discovery.md 4.1).
 */
export function homeserverOf(packet: SignedPacket): PublicKeyZ32 | null {
  for (const { data } of recordsNamed(packet, USER_OWNER)) {
    if (data.type === 'HTTPS' || data.type === 'SVCB') return keyOf(data.target)
  }
  return null
}

/**
 * Records of a user's packet: those of `previous` that are not `_pubky…`, in their order, then the
 * record that names the homeserver (spec/discovery.md 4.1). `ttl` in seconds.
 */
export function userRecords(
  previous: SignedPacket | null,
  homeserver: PublicKeyZ32,
  ttl: number = PUBKY_RECORD_TTL_S,
): ResourceRecord[] {
  const kept = (previous?.records ?? []).filter(({ name }) => !name.startsWith(USER_OWNER))
  const data = { type: 'HTTPS', priority: 0, target: homeserver, params: new Map() } as const
  return [...kept, { name: USER_OWNER, ttl, data }]
}

/** The policy that a user's packet mirrors, as it is in its object; null for none. */
export function policyTextOf(packet: SignedPacket): Uint8Array | null {
  for (const { data } of recordsNamed(packet, POLICY_OWNER))
    if (data.type === 'TXT') return concat(...data.strings)
  return null
}

/** Records of a user's packet with another policy; null takes it away. */
export function withPolicyText(
  previous: readonly ResourceRecord[],
  policy: Uint8Array | null,
  ttl: number = PUBKY_RECORD_TTL_S,
): ResourceRecord[] {
  const kept = previous.filter(
    ({ name }) => name !== POLICY_OWNER && !name.startsWith(`${POLICY_OWNER}.`),
  )
  if (!policy) return kept
  const strings: Uint8Array[] = []
  for (let at = 0; at < policy.length; at += MAX_TEXT_BYTES)
    strings.push(policy.subarray(at, at + MAX_TEXT_BYTES))
  return [...kept, { name: POLICY_OWNER, ttl, data: { type: 'TXT', strings } }]
}

/** What a homeserver publishes about itself. */
export interface HomeserverAddress {
  /** Public IPv4 or IPv6 address. */
  publicIp: string
  /** Port of the endpoint with raw-public-key TLS; 6287 when absent. */
  tlsPort?: number | undefined
  /** Domain of the plain HTTP(S) endpoint; `localhost` on the local network. */
  icannDomain?: string | undefined
  /** Port of plain HTTP, published for `localhost` only. */
  httpPort?: number | undefined
}

/** Records of a homeserver's packet, in the order of the official one (spec/discovery.md 4.1). */
export function homeserverRecords(key: PublicKeyZ32, address: HomeserverAddress): ResourceRecord[] {
  const isIpv6 = address.publicIp.includes(':')
  const hint = isIpv6 ? parseIpv6(address.publicIp) : parseIpv4(address.publicIp)
  const hintKey = isIpv6 ? SVC_PARAMS.ipv6hint : SVC_PARAMS.ipv4hint
  const direct = new Map([
    [SVC_PARAMS.port as number, portValue(address.tlsPort ?? DEFAULT_TLS_PORT)],
    [hintKey as number, hint],
  ])
  const apex = { name: key, ttl: PUBKY_RECORD_TTL_S } as const
  const records: ResourceRecord[] = [
    { ...apex, data: { type: 'HTTPS', priority: 1, target: '.', params: direct } },
  ]
  const { icannDomain, httpPort } = address
  if (icannDomain) {
    const params = new Map<number, Uint8Array>()
    if (icannDomain === 'localhost' && httpPort !== undefined) {
      params.set(SVC_PARAMS.localHttpPort, portValue(httpPort))
    }
    records.push({ ...apex, data: { type: 'HTTPS', priority: 10, target: icannDomain, params } })
  }
  records.push({ ...apex, data: { type: isIpv6 ? 'AAAA' : 'A', address: address.publicIp } })
  return records
}
