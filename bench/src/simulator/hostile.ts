import type { Address, Contact } from '@pubky/dht/contact'
import type { Answer, Query } from '@pubky/dht/krpc/message'
import { secureIdFor } from '@pubky/dht/secure-id'
import type { MutableItem } from '@pubky/sdk/dht'
import type { Random } from '../random.ts'

/** What a hostile node answers: `as-honest` as others would, null nothing. */
export type Hostility = (query: Query, self: Contact, from: Address) => Answer | 'as-honest' | null

export interface HostileOptions {
  random: Random
  /** The version the attackers want to be believed. */
  stale: () => MutableItem | null
  /** Other hostile nodes. */
  friends: () => readonly Contact[]
}

const NAMED = 20
const INVENTED = 20_000

/**
 * Five ways to mislead: repeat an old version, forge a new one, name only accomplices, name masses of
 * nodes that do not exist, accept everything and keep nothing.
 */
export function hostilities(o: HostileOptions): Hostility[] {
  const { random } = o
  const answer = (
    query: Query,
    self: Contact,
    item: MutableItem | null,
    nodes: Contact[],
  ): Answer => ({
    kind: 'answer',
    t: query.t,
    id: self.id,
    token: random.bytes(8),
    nodes,
    values: [],
    seq: item?.seq ?? null,
    item: item && { key: item.key, sig: item.sig, seq: item.seq, value: item.value },
  })
  const some = () =>
    Array.from({ length: NAMED }, () => random.pick(o.friends())).flatMap((c) => c ?? [])
  /** Addresses are free to invent: of so many some have an id very near to any key. */
  const invented = Array.from({ length: INVENTED }, () => {
    const host = `${100 + random.below(60)}.${random.below(256)}.${random.below(256)}.${random.below(256)}`
    const id = secureIdFor(host, (n) => random.bytes(n))
    return { id, host, port: 1 + random.below(65_000) }
  }).sort((a, b) => Buffer.compare(a.id, b.id))
  const madeUp = (target: Uint8Array): Contact[] => {
    const at = invented.findIndex(({ id }) => Buffer.compare(id, target) >= 0)
    const from = Math.max(0, Math.min(at - NAMED / 2, INVENTED - NAMED))
    return invented.slice(from, from + NAMED)
  }
  const onGet =
    (say: (query: Query, self: Contact, target: Uint8Array) => Answer): Hostility =>
    (query, self) =>
      query.body.q === 'get' ? say(query, self, query.body.target) : answer(query, self, null, [])
  return [
    onGet((query, self) => answer(query, self, o.stale(), some())),
    onGet((query, self) => {
      const old = o.stale()
      const forged = old && { ...old, seq: old.seq + 1_000_000n, sig: random.bytes(64) }
      return answer(query, self, forged, some())
    }),
    onGet((query, self) => answer(query, self, null, some())),
    onGet((query, self, target) => answer(query, self, null, madeUp(target))),
    (query, self) => (query.body.q === 'put' ? answer(query, self, null, []) : 'as-honest'),
  ]
}
