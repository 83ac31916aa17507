import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { networkOf, ServiceError } from '@pubky/server-kit'
import type { Quota } from './quota-setting.ts'

const MAX_ADDRESSES = 20_000

/** What is left after a request was counted. */
export interface Allowance {
  limit: number
  remaining: number
}

/**
 * A token bucket per client. Over it `take` throws 429 with the headers of spec/discovery.md 2.5.
 * Addresses unused for longest are forgotten.
 */
export function createQuota(o: { quota: Quota; what: string; clock: () => bigint }) {
  const { burst: limit } = o.quota
  const perSecond = o.quota.count / o.quota.seconds
  const buckets = new Map<string, { tokens: number; at: bigint }>()

  function take(address: string): Allowance {
    const now = o.clock()
    const known = buckets.get(address) ?? { tokens: limit, at: now }
    const elapsed = Math.max(0, Number(now - known.at)) / 1e6
    const tokens = Math.min(limit, known.tokens + elapsed * perSecond)
    buckets.delete(address)
    buckets.set(address, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    if (buckets.size > MAX_ADDRESSES) {
      const oldest = buckets.keys().next()
      if (!oldest.done) buckets.delete(oldest.value)
    }
    if (tokens < 1) throw tooMany(o.what, limit, Math.ceil((1 - tokens) / perSecond))
    return { limit, remaining: Math.floor(tokens - 1) }
  }

  return { take }
}

function tooMany(what: string, limit: number, seconds: number): ServiceError {
  return new ServiceError(429, 'too_many_requests', `Too Many ${what}! Wait for ${seconds}s`, {
    headers: {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-after': String(seconds),
      'retry-after': String(seconds),
    },
  })
}

/** Whose quota a request uses: the peer's, or behind a proxy the first address the proxy names. */
export function clientAddress(
  request: { headers: IncomingHttpHeaders; socket: { remoteAddress?: string | undefined } },
  behindProxy: boolean,
): string {
  const peer = request.socket.remoteAddress ?? ''
  if (!behindProxy) return networkOf(peer)
  const named = [
    ...list(request.headers['x-forwarded-for']),
    ...list(request.headers['x-real-ip']),
    ...list(request.headers.forwarded).flatMap(
      (part) => /for="?\[?([^\];",]+)/i.exec(part)?.[1] ?? [],
    ),
  ]
  return networkOf(named.find((text) => isIP(text) !== 0) ?? peer)
}

function list(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap((line) => line.split(',').map((part) => part.trim()))
}
