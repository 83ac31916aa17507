import { timingSafeEqual } from 'node:crypto'
import { createRateLimiter, networkOf } from '@pubky/server-kit'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { sha256 } from '../sessions/resolver.ts'

/** Wrong passwords an address may try before it waits. */
const ATTEMPTS = 20
const ATTEMPTS_PER_SECOND = 0.2

/**
 * Whether a page of another site asks: a browser sends the password that it remembers along with its
 * requests. To plain HTTP on other machines it does not say the site, only the origin.
 */
function isFromElsewhere({ headers, host }: FastifyRequest): boolean {
  const { 'sec-fetch-site': site, origin } = headers
  if (site === 'cross-site' || site === 'same-site') return true
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host
}

/** The password of a `Basic` header whose user is `admin`. */
function basicPassword(header: string | undefined): string | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header ?? '')?.[1]
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  return text.startsWith('admin:') ? text.slice('admin:'.length) : null
}

export interface Guard {
  /** Refuses who does not know the password, by the header `x-admin-password`. */
  header(request: FastifyRequest): void
  /** The same by HTTP Basic, as WebDAV clients do. */
  basic(request: FastifyRequest): void
}

/**
 * Compares in constant time; after twenty wrong passwords an address has to wait, whatever it says next:
 * who went on guessing would otherwise be let in by the right guess.
 */
export function createGuard(ctx: Context): Guard {
  const attempts = createRateLimiter({
    capacity: ATTEMPTS,
    refillPerSecond: ATTEMPTS_PER_SECOND,
    nowMs: () => Number(ctx.clock() / 1000n),
  })
  const expected = sha256(ctx.config.adminPassword)

  function check(request: FastifyRequest, given: string, refuse: () => Error): void {
    const address = networkOf(request.ip)
    const verdict = attempts.take(address)
    const isRight = timingSafeEqual(sha256(given), expected)
    if (!isRight) ctx.signals.note('admin_password', request.ip)
    if (!verdict.ok) throw refusals.tooManyRequests(verdict.retryAfterSeconds)
    if (!isRight) throw refuse()
    // Only wrong ones count.
    attempts.take(address, -1)
  }

  return {
    header(request) {
      const given = request.headers['x-admin-password']
      if (typeof given !== 'string') throw refusals.adminMissing()
      check(request, given, refusals.adminWrong)
    },
    basic(request) {
      if (isFromElsewhere(request)) throw refusals.davElsewhere()
      const given = basicPassword(request.headers.authorization)
      if (given === null) throw refusals.davUnauthorized()
      check(request, given, refusals.davUnauthorized)
    },
  }
}
