import type { EventId, PublicKeyZ32 } from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { parseFrame, parsePage } from './feed-event.ts'
import type { Host } from './host.ts'
import { discard, expectOk, readText } from './http.ts'
import { readSse } from './sse.ts'
import type { EventsQuery, HomeEvent, Session } from './types.ts'

/** Three missed comments (spec/homeserver.md 6.2: one each 15 s). */
const IDLE_MS = 45_000
const PAGE_MAX_BYTES = 2 * 1024 * 1024
/** More cursors than this without a readable event are a flood. */
const MAX_UNREADABLE = 10_000

/** Something a feed said: an event, or only how far it has come. */
export interface FeedStep {
  event: HomeEvent | null
  cursor: EventId
}

/** `GET /events/?cursor=…` in the old form, null when there is nothing new. */
export async function readEventsPage(
  host: Host,
  o: Opt & { cursor: EventId; limit: number },
): Promise<{ events: HomeEvent[]; cursor: EventId } | null> {
  const path = `/events/?cursor=${o.cursor}&limit=${o.limit}`
  const request = { signal: o.signal, cache: 'no-store' } as const
  const response = await expectOk(await host.fetch(host.key, path, request))
  return parsePage(await readText(response, PAGE_MAX_BYTES), o.cursor, o.limit)
}

/** Follows the whole host in the live form of `/events/` (design 3.3), over one connection. */
export function followHost(host: Host, o: Opt & { cursor: EventId }): AsyncGenerator<FeedStep> {
  return follow(host, `/events/?cursor=${o.cursor}`, o)
}

/** Follows up to 50 users over one connection of `/events-stream` (spec/homeserver.md 6.2). */
export function followUsers(
  host: Host,
  q: Pick<EventsQuery, 'paths' | 'live'> & { users: ReadonlyMap<PublicKeyZ32, EventId | null> },
  o: Opt & { session?: Session | undefined },
): AsyncGenerator<FeedStep> {
  const query = new URLSearchParams()
  for (const [user, cursor] of q.users) query.append('user', cursor ? `${user}:${cursor}` : user)
  if (q.live) query.append('live', 'true')
  for (const path of q.paths ?? []) query.append('path', path)
  return follow(host, `/events-stream?${query}`, o)
}

async function* follow(
  host: Host,
  path: string,
  o: Opt & { session?: Session | undefined },
): AsyncGenerator<FeedStep> {
  const request = {
    signal: o.signal,
    cache: 'no-store',
    headers: { accept: 'text/event-stream' },
  } as const
  const response = o.session
    ? await o.session.fetch(path, request)
    : await host.fetch(host.key, path, request)
  await expectOk(response)
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await discard(response)
    throw new PubkyError('bad_answer', { detail: 'not an event stream' })
  }
  let unreadable = 0
  for await (const frame of readSse(response, { idleMs: IDLE_MS })) {
    const step = parseFrame(frame)
    if (!step) continue
    unreadable = step.event ? 0 : unreadable + 1
    if (unreadable > MAX_UNREADABLE)
      throw new PubkyError('bad_answer', { detail: 'a flood of unreadable events' })
    yield step
  }
  o.signal?.throwIfAborted()
}
