import { type EventId, type PublicKeyZ32, parseEventId } from '@pubky/protocol'
import { createBackoff, sleep } from './backoff.ts'
import type { Opt } from './dht.ts'
import { isOutage, PubkyError } from './errors.ts'
import { type FeedStep, followHost, followUsers, readEventsPage } from './feeds.ts'
import type { Host, Hosts } from './host.ts'
import type { EventsQuery, HomeEvent } from './types.ts'

const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 5_000
/** Without `live`, an outage ends the reading after so many tries in a row. */
const TRIES = 5
const PAGE_LIMIT = 1000
/** Between polls of a host without a live form: quick after news, slow in silence. */
const POLL_MIN_MS = 50
const POLL_MAX_MS = 5_000
const START = parseEventId('0')

/** How far the reading has come: of the whole host, and of each user. */
interface Place {
  host: EventId
  users: Map<PublicKeyZ32, EventId | null>
}

/**
 * Reads a feed and takes it up again where it broke off. Nothing is buffered: the next event is read
 * when the one before was taken. Ends with the history, or with `signal` when `live`. Rejects with
 * `cursor_backwards`, `stream_overrun` or `bad_answer` when the host lies, and with refusals.
 */
export async function* readEvents(
  hosts: Hosts,
  homeserver: PublicKeyZ32,
  q: EventsQuery,
  o: Opt = {},
): AsyncGenerator<HomeEvent> {
  const { signal } = o
  const session = credentialFor(homeserver, q)
  const opt = signal ? { signal } : {}
  const place: Place = {
    host: q.cursor ?? START,
    users: new Map((q.users ?? []).map(({ user, cursor }) => [user, cursor ?? null])),
  }
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  let failures = 0
  for (;;) {
    let moved = false
    try {
      const host = await hosts.find(homeserver, opt)
      const source = q.users
        ? followUsers(host, { ...q, users: place.users }, { ...opt, session })
        : hostFeed(host, place, q.live === true, opt)
      for await (const step of source) {
        advance(place, step, q.users !== undefined)
        moved = true
        failures = 0
        if (step.event) yield step.event
      }
      if (!q.live) return
    } catch (error) {
      signal?.throwIfAborted()
      if (!isOutage(error) || (!q.live && ++failures >= TRIES)) throw error
      if (moved) backoff.reset()
      await backoff.wait(signal, (error.retryAfterSeconds ?? 0) * 1000)
      continue
    }
    // A live stream that ended (restart, too slow a reader) is simply opened again.
    if (moved) backoff.reset()
    await backoff.wait(signal)
  }
}

/** A session goes to its own homeserver, about its own user, and nowhere else. */
function credentialFor(homeserver: PublicKeyZ32, { session, users }: EventsQuery) {
  const isOwn = users?.length === 1 && users[0]?.user === session?.user
  return isOwn && session?.homeserver === homeserver ? session : undefined
}

function advance(place: Place, { event, cursor }: FeedStep, byUser: boolean): void {
  if (!byUser) {
    if (BigInt(cursor) < BigInt(place.host)) throw backwards(cursor, place.host)
    place.host = cursor
    return
  }
  if (!event) return
  if (!place.users.has(event.user))
    throw new PubkyError('bad_answer', { detail: 'an event of another user' })
  const last = place.users.get(event.user)
  if (last && BigInt(cursor) <= BigInt(last)) throw backwards(cursor, last)
  place.users.set(event.user, cursor)
}

function backwards(cursor: EventId, last: EventId): PubkyError {
  return new PubkyError('cursor_backwards', { detail: `${cursor} after ${last}` })
}

async function* hostFeed(
  host: Host,
  place: Place,
  live: boolean,
  o: Opt,
): AsyncGenerator<FeedStep> {
  if (live && host.features.has('events-live')) {
    let last = BigInt(place.host)
    for await (const step of followHost(host, { ...o, cursor: place.host })) {
      if (BigInt(step.cursor) <= last) throw backwards(step.cursor, place.host)
      last = BigInt(step.cursor)
      yield step
    }
    return
  }
  let pause = POLL_MIN_MS
  for (;;) {
    const page = await readEventsPage(host, { ...o, cursor: place.host, limit: PAGE_LIMIT })
    if (page) {
      if (BigInt(page.cursor) <= BigInt(place.host)) throw backwards(page.cursor, place.host)
      for (const event of page.events) yield { event, cursor: event.cursor }
      yield { event: null, cursor: page.cursor }
      pause = POLL_MIN_MS
      continue
    }
    if (!live) return
    await sleep(pause, o.signal)
    pause = Math.min(POLL_MAX_MS, pause * 1.5)
  }
}
