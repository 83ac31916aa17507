import type { EventId } from '@pubky/protocol'
import type { NewObjectEntry } from './entries.ts'
import { type FeedEvent, lineOf } from './feed-event.ts'
import type { Session } from './follow-host.ts'
import { resolveEvent } from './resolve-event.ts'
import type { KnownEvent, SourceState } from './sources.ts'

const OBJECTS_AT_ONCE = 64
const FETCHES = 8

/**
 * Takes up a host again that has gone back, as after a restored backup: finds the last event both
 * still know, compares every object the journal has later entries of with what the host has now,
 * and appends the differences. Reading goes on after that event, with ids raised by a new offset.
 * It may be interrupted and begun again.
 */
export async function resync(
  session: Omit<Session, 'offset'>,
  state: SourceState,
): Promise<SourceState> {
  const { sources, host, holder } = session
  const common = await lastCommon(session, state)
  // Without one even entries from before an earlier going back may have changed.
  const from = common?.eventId ?? 0n
  const end = await sources.lastId(host.key)
  let last = end
  let after: KnownEvent | null = null
  for (;;) {
    const known = await sources.touched(host.key, { from, to: end }, after, OBJECTS_AT_ONCE)
    if (known.length === 0) break
    after = known.at(-1) ?? null
    const changes = await differences(session, known)
    const entries = changes.map((entry, index) => ({
      ...entry,
      eventId: String(last + BigInt(index + 1)) as EventId,
    }))
    last += BigInt(entries.length)
    await session.journal.append(host.key, entries, {
      owner: null,
      eventId: String(state.cursor) as EventId,
      ...(state.line === null ? {} : { line: state.line }),
      holder,
    })
  }
  const cursor = common ? common.eventId - state.offset : 0n
  const next: SourceState = {
    // Above everything so far, so that ids of this and of the next history never meet.
    offset: last,
    cursor,
    line: common ? lineOf(toEvent(common)) : null,
    isMet: true,
  }
  await sources.rebase(host.key, holder, next)
  return next
}

/** Halves the ids: up to the common event the host's history is the one we know. */
async function lastCommon(
  { sources, host, signal }: Omit<Session, 'offset'>,
  { offset, cursor }: SourceState,
): Promise<KnownEvent | null> {
  let low = 0n
  let high = cursor
  let common: KnownEvent | null = null
  while (high > low) {
    signal.throwIfAborted()
    const middle = (low + high + 1n) / 2n
    const known = await sources.lastBetween(host.key, low + offset, middle + offset)
    if (!known) {
      low = middle
      continue
    }
    const id = known.eventId - offset
    const [event] = (await host.page(id - 1n, 1, { signal })) ?? []
    if (event?.id === id && lineOf(event) === lineOf(toEvent(known))) {
      common = known
      low = middle
    } else high = id - 1n
  }
  return common
}

async function differences(
  session: Omit<Session, 'offset'>,
  known: readonly KnownEvent[],
): Promise<NewObjectEntry[]> {
  const found: (NewObjectEntry | null)[] = new Array(known.length).fill(null)
  let next = 0
  async function work(): Promise<void> {
    while (next < known.length) {
      const index = next++
      found[index] = await difference(session, known[index] as KnownEvent)
    }
  }
  await Promise.all(Array.from({ length: FETCHES }, work))
  return found.filter((entry) => entry !== null)
}

/** What has to be said of an object whose last entry is `known`; null when nothing changed. */
async function difference(
  session: Omit<Session, 'offset'>,
  known: KnownEvent,
): Promise<NewObjectEntry | null> {
  const event = { ...toEvent(known), kind: 'PUT' as const, hash: null }
  const place = session.wanted(known.path) ?? 'row'
  const entry = await resolveEvent({ ...session, offset: 0n }, event, place)
  if (entry.reason === 'absent') {
    if (known.kind === 'DEL') return null
    return resolveEvent({ ...session, offset: 0n }, { ...event, kind: 'DEL' }, place)
  }
  const isSame =
    known.kind === 'PUT' &&
    known.hash !== null &&
    entry.hash !== null &&
    Buffer.compare(known.hash, entry.hash) === 0
  return isSame ? null : entry
}

function toEvent(known: KnownEvent): FeedEvent {
  const { kind, owner, path, eventId, hash } = known
  return { kind, owner, path, id: eventId, hash, proof: null, content: null }
}
