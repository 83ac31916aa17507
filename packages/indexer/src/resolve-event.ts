import type { EventId, PublicKeyZ32 } from '@pubky/protocol'
import { pause } from './backoff.ts'
import type { NewObjectEntry } from './entries.ts'
import { IndexerError } from './errors.ts'
import type { FeedEvent } from './feed-event.ts'
import {
  type FetchDeps,
  type Fetched,
  fetchObject,
  fetchTombstone,
  without,
} from './fetch-object.ts'
import type { Place } from './wanted.ts'

/** A host that fails on one object is asked so often before the object is given up. */
const TRIES = 4
const RETRY_FIRST_MS = 100
const MAX_POLITE_WAITS = 10
const MAX_WAIT_MS = 60_000

/**
 * Makes the entry of an event. Rejects with `unreachable` or `rate_limited` when the host is away:
 * then the event is asked for again later; an object on which the host always fails is `refused`.
 */
export async function resolveEvent(
  deps: FetchDeps & { offset: bigint; nowMs: () => number; signal: AbortSignal },
  event: FeedEvent,
  place: Exclude<Place, null>,
): Promise<NewObjectEntry> {
  const receivedAtMs = deps.nowMs()
  const fetched = await fetchPatiently(deps, event, place)
  return toEntry(deps.host.key, deps.offset, event, receivedAtMs, fetched)
}

async function fetchPatiently(
  deps: FetchDeps & { signal: AbortSignal },
  event: FeedEvent,
  place: Exclude<Place, null>,
): Promise<Fetched> {
  const { signal } = deps
  let waits = 0
  for (let tries = 1; ; tries += 1) {
    try {
      if (event.kind === 'PUT') return await fetchObject(deps, event, place, { signal })
      const proof = await fetchTombstone(deps.host, event, { signal })
      return { status: 'ok', reason: null, hash: null, body: null, proof }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof IndexerError)) throw error
      if (error.code === 'rate_limited' && waits < MAX_POLITE_WAITS) {
        waits += 1
        tries -= 1
      }
      if (tries >= TRIES) {
        if (error.code !== 'host_failed') throw error
        return event.kind === 'PUT'
          ? without(event, 'refused', 'host_failed')
          : { status: 'ok', reason: null, hash: null, body: null, proof: null }
      }
      const wait = Math.max(RETRY_FIRST_MS * 2 ** tries, error.retryAfterMs)
      await pause(Math.min(wait, MAX_WAIT_MS), signal)
      signal.throwIfAborted()
    }
  }
}

/** The entry of an event whose object a later event of the same feed speaks of again. */
export function supersededEntry(
  host: PublicKeyZ32,
  offset: bigint,
  event: FeedEvent,
  receivedAtMs: number,
): NewObjectEntry {
  if (event.kind === 'PUT')
    return toEntry(host, offset, event, receivedAtMs, without(event, 'superseded', 'later_event'))
  const fetched: Fetched = {
    status: 'ok',
    reason: null,
    hash: null,
    body: null,
    proof: event.proof,
  }
  return toEntry(host, offset, event, receivedAtMs, fetched)
}

export function toEntry(
  host: PublicKeyZ32,
  offset: bigint,
  event: FeedEvent,
  receivedAtMs: number,
  fetched: Fetched,
): NewObjectEntry {
  return {
    kind: event.kind,
    owner: event.owner,
    host,
    eventId: String(event.id + offset) as EventId,
    path: event.path,
    receivedAtMs,
    hash: fetched.hash,
    body: fetched.body,
    proof: fetched.proof,
    status: fetched.status,
    reason: fetched.reason,
    format: 1,
  }
}
