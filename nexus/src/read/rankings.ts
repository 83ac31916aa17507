import { must } from '@pubky/protocol'
import { LRUCache } from 'lru-cache'

/** What most ask for; who pages further needs the list up to the end of the last page (spec/nexus.md 1). */
const HEAD = 100
const ALL = 10_000 + 100
const LISTS = 500

export interface RankingOptions<Q, T> {
  rank: (q: Q, length: number) => Promise<T[]>
  ttlMs: number
  /** Of all lists together, in units of `sizeOf`. */
  maxSize: number
  sizeOf?: (one: T) => number
}

/**
 * Lists that are dear to compute: each is computed once at a time, kept for a while, and cut for all
 * pages of it.
 */
export function createRankings<Q, T>(o: RankingOptions<Q, T>) {
  const { rank, ttlMs: ttl, maxSize, sizeOf = () => 1 } = o
  const lists = new LRUCache<string, T[], { q: Q; length: number }>({
    max: LISTS,
    maxSize,
    ttl,
    sizeCalculation: (list) => list.reduce((sum, one) => sum + sizeOf(one), 1),
    fetchMethod: (_, __, { context: { q, length } }) => rank(q, length),
    // Who waits gets the list, also when others pushed it out meanwhile.
    ignoreFetchAbort: true,
  })
  return async (q: Q, { skip, limit }: { skip: number; limit: number }): Promise<T[]> => {
    const length = skip + limit > HEAD ? ALL : HEAD
    const list = await lists.fetch(JSON.stringify([length, q]), { context: { q, length } })
    return must(list, 'a ranking').slice(skip, skip + limit)
  }
}
