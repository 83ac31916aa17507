import { timingSafeEqual } from 'node:crypto'
import { createRateLimiter } from '@pubky/server-kit'
import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { sha256 } from '../sessions/resolver.ts'
import { makeSignupToken } from '../sessions/users.ts'
import { cors } from './cors.ts'

/** Wrong passwords an address may try before it waits. */
const ATTEMPTS = 20
const ATTEMPTS_PER_SECOND = 0.2

/** The admin API as far as sign-up needs it (spec/homeserver.md 7). */
export function adminRoutes(app: FastifyInstance, ctx: Context): void {
  cors(app)
  const attempts = createRateLimiter({ capacity: ATTEMPTS, refillPerSecond: ATTEMPTS_PER_SECOND })
  const expected = sha256(ctx.config.adminPassword)
  app.get('/', async (_, reply) => reply.type('text/plain').send('Homeserver - Admin Endpoint'))
  app.get('/generate_signup_token', async (request, reply) => {
    const given = request.headers['x-admin-password']
    if (typeof given !== 'string') throw refusals.adminMissing()
    if (!timingSafeEqual(sha256(given), expected)) {
      const verdict = attempts.take(request.ip)
      throw verdict.ok ? refusals.adminWrong() : refusals.tooManyRequests(verdict.retryAfterSeconds)
    }
    const token = makeSignupToken(ctx.random)
    await ctx.pool.query('insert into signup_codes (code) values ($1)', [token])
    return reply.type('text/plain').header('cache-control', 'no-store').send(token)
  })
}
