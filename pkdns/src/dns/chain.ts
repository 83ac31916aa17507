import { DNS_TYPES, type DnsMessage, type ResourceRecord } from '@pubky/protocol'

const MAX_ALIASES = 50

/** Whether a name lies in a zone, or is its apex; every name does when there is none. */
export function isWithin(name: string, zone: string | null): boolean {
  const lower = name.toLowerCase()
  return zone === null || lower === zone || lower.endsWith(`.${zone}`)
}

/**
 * Follows the aliases of a reply from `name` on, as far as they stay in `zone`: the name they end at,
 * in lower case, and the records of all names on the way.
 */
export function chainOf(
  reply: DnsMessage,
  name: string,
  type: number,
  zone: string | null,
): { end: string; records: ResourceRecord[] } {
  const records: ResourceRecord[] = []
  const seen = new Set<string>()
  let end = name.toLowerCase()
  while (isWithin(end, zone) && !seen.has(end) && seen.size < MAX_ALIASES) {
    seen.add(end)
    const own = reply.answers.filter((record) => record.name.toLowerCase() === end)
    records.push(...own)
    const alias = own.find(({ data }) => data.type === 'CNAME')?.data
    if (alias?.type !== 'CNAME' || type === DNS_TYPES.CNAME) break
    end = alias.target.toLowerCase()
  }
  return { end, records }
}
