import { createRateLimiter, type RateLimiter } from '@pubky/server-kit'

export interface LimitSettings {
  /** Questions of one network per second and at once; 0 for no limit. */
  queriesPerSecond: number
  queryBurst: number
  /** Those of them that make us ask the DHT. */
  lookupsPerSecond: number
  lookupBurst: number
  /** Look-ups for everybody together: source addresses over UDP can be forged. */
  totalLookupsPerSecond: number
  /** Bytes over UDP beyond three times the question, which a forged address would be sent. */
  surplusBytesPerSecond: number
}

const MAX_NETWORKS = 50_000
/** A reply is not worth reflecting while it is at most so much larger than what it costs. */
const FREE_RATIO = 3

const unlimited: RateLimiter = { take: () => ({ ok: true }) }

function limiter(perSecond: number, capacity: number, nowMs: () => number, maxKeys: number) {
  if (perSecond === 0) return unlimited
  return createRateLimiter({
    capacity: Math.max(capacity, 1),
    refillPerSecond: perSecond,
    maxKeys,
    nowMs,
  })
}

/** The budgets of askers: kept answers, look-ups and amplification apart (spec/discovery.md 5.5). */
export function createLimits(o: LimitSettings, nowMs: () => number) {
  const queries = limiter(o.queriesPerSecond, o.queryBurst, nowMs, MAX_NETWORKS)
  const lookups = limiter(o.lookupsPerSecond, o.lookupBurst, nowMs, MAX_NETWORKS)
  const total = limiter(o.totalLookupsPerSecond, o.totalLookupsPerSecond * 2, nowMs, 1)
  const { surplusBytesPerSecond: surplus } = o
  const bytes = limiter(surplus, surplus * 4, nowMs, MAX_NETWORKS)
  return {
    mayAsk: (network: string): boolean => queries.take(network).ok,
    mayLookUp: (network: string): boolean => lookups.take(network).ok && total.take('').ok,
    /** Whether a reply of this size may go to an address that nobody has proved. */
    maySend: (network: string, question: number, reply: number): boolean => {
      const beyond = reply - question * FREE_RATIO
      return beyond <= 0 || bytes.take(network, beyond).ok
    },
  }
}

export type Limits = ReturnType<typeof createLimits>
