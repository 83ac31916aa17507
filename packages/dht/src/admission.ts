import type { Address, NetworkKind } from './contact.ts'

/** Contacts believed of one address: on one machine all have the same. */
export const CONTACTS_PER_HOST = { local: 10_000, mainnet: 8 }

/** The part of a routing table that admission looks at. */
export interface Table {
  get(id: Buffer): Address | null
  toArray(): readonly Address[]
  remove(id: Buffer): void
}

/**
 * Whether a node that has answered may enter the routing table: on mainnet nobody takes the place of
 * another by its id, and no machine poses as many.
 */
export function admits(
  network: NetworkKind,
  table: Table,
  given: Uint8Array,
  { host, port }: Address,
): boolean {
  const id = Buffer.from(given)
  const old = table.get(id)
  if (old) {
    if (old.host === host && old.port === port) return true
    if (network === 'mainnet') return false
    // A local node that was started again has the same id on another port.
    table.remove(id)
    return true
  }
  const siblings = table.toArray().filter((other) => other.host === host)
  return siblings.length < CONTACTS_PER_HOST[network]
}
