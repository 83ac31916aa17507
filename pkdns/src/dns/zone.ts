import { DNS_TYPES, ProtocolError, type ResourceRecord, type SignedPacket } from '@pubky/protocol'
import { formatName } from '@pubky/protocol/dns/names'
import { typeCode } from '@pubky/protocol/dns/rdata'
import { DnsReader } from '@pubky/protocol/dns/reader'
import { TYPE_ALIAS, TYPE_ANY } from './codes.ts'
import { labelsOf } from './target.ts'

/** What a packet says about a name and a type. */
export type Match =
  | { kind: 'answers'; records: ResourceRecord[] }
  | { kind: 'cname'; record: ResourceRecord; target: string }
  /** Addresses are those of another name (ALIAS, or HTTPS in AliasMode). */
  | { kind: 'alias'; target: string; ttl: number }
  | { kind: 'delegation'; servers: ResourceRecord[]; glue: ResourceRecord[] }
  | { kind: 'nothing' }

type Nodes = ReadonlyMap<string, readonly ResourceRecord[]>

const indexed = new WeakMap<SignedPacket, Nodes>()

/** The records of a packet by owner, in lower case. */
function nodesOf(packet: SignedPacket): Nodes {
  const known = indexed.get(packet)
  if (known) return known
  const nodes = new Map<string, ResourceRecord[]>()
  for (const record of packet.records) {
    const owner = record.name.toLowerCase()
    const node = nodes.get(owner)
    if (node) node.push(record)
    else nodes.set(owner, [record])
  }
  indexed.set(packet, nodes)
  return nodes
}

/**
 * Looks a name up in a packet: records of the type, else a CNAME, else an alias for addresses, else
 * a wildcard's, else the nearest delegation (spec/discovery.md 5.2). Unlike in zone files a CNAME may
 * stand beside other records, at the apex too: it is followed for types that the name does not have.
 */
export function matchPacket(packet: SignedPacket, name: string, type: number): Match {
  const nodes = nodesOf(packet)
  const owner = name.toLowerCase()
  const node = nodes.get(owner)
  const own = node ? matchNode(node, type) : null
  if (own) return own
  if (!node) {
    const wild = wildcardFor(nodes, owner, packet.publicKey)
    const match =
      wild &&
      matchNode(
        wild.map((record) => ({ ...record, name })),
        type,
      )
    if (match) return match
  }
  return delegationFor(nodes, owner, packet.publicKey) ?? { kind: 'nothing' }
}

function matchNode(node: readonly ResourceRecord[], type: number): Match | null {
  const records = node.filter(({ data }) => type === TYPE_ANY || typeCode(data) === type)
  if (records.length > 0) return { kind: 'answers', records }
  for (const record of node) {
    if (record.data.type === 'CNAME') return { kind: 'cname', record, target: record.data.target }
  }
  if (type !== DNS_TYPES.A && type !== DNS_TYPES.AAAA) return null
  const direct = node.some(({ data }) => data.type === 'A' || data.type === 'AAAA')
  if (direct) return null
  for (const { data, ttl } of node) {
    const target = aliasTarget(data)
    if (target) return { kind: 'alias', target, ttl }
  }
  return null
}

function aliasTarget(data: ResourceRecord['data']): string | null {
  if (data.type === 'HTTPS') return data.priority === 0 && data.target !== '.' ? data.target : null
  if (data.type !== 'unknown' || data.code !== TYPE_ALIAS) return null
  try {
    return formatName(new DnsReader(data.bytes).name())
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** Ancestors of a name within the zone, nearest first, the apex last. */
function ancestors(owner: string, apex: string): string[] {
  const labels = labelsOf(owner)
  const depth = labels.length - labelsOf(apex).length
  return Array.from({ length: depth }, (_, at) => labels.slice(at + 1).join('.'))
}

/** The wildcard below the closest ancestor that exists, if nothing nearer hides it (RFC 4592). */
function wildcardFor(nodes: Nodes, owner: string, apex: string): readonly ResourceRecord[] | null {
  const names = [...nodes.keys()]
  const exists = (name: string) => names.some((n) => n === name || n.endsWith(`.${name}`))
  if (exists(owner)) return null
  for (const ancestor of ancestors(owner, apex)) {
    const wild = nodes.get(`*.${ancestor}`)
    if (wild) return wild
    if (exists(ancestor)) return null
  }
  return null
}

function delegationFor(nodes: Nodes, owner: string, apex: string): Match | null {
  for (const name of [owner, ...ancestors(owner, apex)]) {
    const servers = (nodes.get(name) ?? []).filter(({ data }) => data.type === 'NS')
    if (servers.length === 0) continue
    const glue = servers.flatMap(({ data }) =>
      data.type === 'NS'
        ? (nodes.get(data.target.toLowerCase()) ?? []).filter(
            (record) => record.data.type === 'A' || record.data.type === 'AAAA',
          )
        : [],
    )
    return { kind: 'delegation', servers, glue }
  }
  return null
}
