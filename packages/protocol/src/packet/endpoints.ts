import type { PublicKeyZ32 } from '../brands.ts'
import { SVC_PARAMS } from '../dns/records.ts'
import { portParam } from '../dns/svc-params.ts'
import { keyOf } from './key-of.ts'
import { recordsNamed } from './pubky-records.ts'
import type { SignedPacket } from './signed-packet.ts'

/** Packets that one resolution may read over its whole tree (spec/discovery.md 4.2). */
const MAX_PACKETS = 7

/** Where a service answers. */
export interface Endpoint {
  /** A domain, or `.` for the addresses below. */
  target: string
  /** 0 when the record names none. */
  port: number
  /** IPv4 and IPv6 addresses of the packet's apex; only with target `.`. */
  addresses: string[]
  /** The key that signed the record. */
  publicKey: PublicKeyZ32
  priority: number
  params: ReadonlyMap<number, Uint8Array>
}

export interface ResolveEndpointsOptions {
  /** Which records are followed; HTTPS by default. */
  type?: 'HTTPS' | 'SVCB'
  /** Breaks ties of equal priority; in [0, 1). */
  random?: () => number
}

/**
 * Follows the HTTPS (or SVCB) records of `qname` through other keys, lowest priority number first.
 * The sequence ends at the first alias that leads nowhere and after seven packets in all, as it
 * does in the official clients (spec/discovery.md 4.2). Throws what `resolve` throws.
 */
export async function* resolveEndpoints(
  qname: string,
  resolve: (key: PublicKeyZ32) => Promise<SignedPacket | null>,
  { type = 'HTTPS', random = Math.random }: ResolveEndpointsOptions = {},
): AsyncGenerator<Endpoint, void, undefined> {
  const key = keyOf(qname)
  const first = key === null ? null : await resolve(key)
  if (!first) return
  let packets = 1
  const stack = endpointsOf(first, qname, type, random)
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const alias = keyOf(next.target)
    if (alias === null) {
      yield next
      continue
    }
    const packet = packets < MAX_PACKETS ? await resolve(alias) : null
    if (!packet) return
    packets++
    stack.push(...endpointsOf(packet, next.target, type, random))
  }
}

/** The endpoints that `name` has in `packet`, the one to be used first at the end. */
function endpointsOf(
  packet: SignedPacket,
  name: string,
  type: 'HTTPS' | 'SVCB',
  random: () => number,
): Endpoint[] {
  const endpoints: (Endpoint & { tie: number })[] = []
  for (const { data } of recordsNamed(packet, name)) {
    if ((data.type !== 'HTTPS' && data.type !== 'SVCB') || data.type !== type) continue
    const { target, priority, params } = data
    endpoints.push({
      target,
      port: portParam(params, SVC_PARAMS.port) ?? 0,
      addresses: target === '.' ? apexAddresses(packet) : [],
      publicKey: packet.publicKey,
      priority,
      params,
      tie: random(),
    })
  }
  return endpoints
    .sort((a, b) => b.priority - a.priority || a.tie - b.tie)
    .map(({ tie: _, ...endpoint }) => endpoint)
}

function apexAddresses(packet: SignedPacket): string[] {
  const addresses = new Set<string>()
  for (const { data } of recordsNamed(packet, '@')) {
    if (data.type === 'A' || data.type === 'AAAA') addresses.add(data.address)
  }
  return [...addresses]
}
