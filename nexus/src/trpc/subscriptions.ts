import { createPlaces, networkOf, type Places } from '@pubky/server-kit'
import type { FastifyInstance } from 'fastify'
import { refusals } from '../errors.ts'
import { proceduresIn, proceduresOf } from './queries.ts'

/** Subscriptions of a process, and of one network: a browser has one for all of its tabs. */
export function createLivePlaces({ max = 10_000, maxPerAddress = 200 } = {}): Places {
  const { noSubscriptionsLeft: full, tooManySubscriptions: fullHere } = refusals
  return createPlaces({ max, maxPerAddress, full, fullHere })
}

const subscriptions = proceduresOf('subscription')

/**
 * A subscription has a place from before anything is done for it until its answer is closed. The library
 * would refuse it in a stream that succeeds.
 */
export function limitSubscriptions(app: FastifyInstance, places: Places): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!proceduresIn(request).some((name) => subscriptions.has(name))) return done()
    const { raw } = reply
    // Closed while a hook before this one waited: it would never be told again.
    if (raw.destroyed) return void reply.hijack()
    raw.once('close', places.take(networkOf(request.ip)))
    done()
  })
}
