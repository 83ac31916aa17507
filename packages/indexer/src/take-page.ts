import type { NewObjectEntry } from './entries.ts'
import type { FeedEvent, FeedItem } from './feed-event.ts'
import type { Session } from './follow-host.ts'
import { resolveEvent, supersededEntry } from './resolve-event.ts'
import { rowBytes } from './rows.ts'

const FETCHES = 16
const PAGE_MAX_BYTES = 16 * 1024 * 1024

/**
 * The entries of a page, which is committed as a whole: only its last id is exact. Null when its
 * bodies do not fit into memory and the page holds more than one event.
 */
export async function pageEntries(
  session: Session,
  items: readonly FeedItem[],
): Promise<NewObjectEntry[] | null> {
  const events = items.filter((item): item is FeedEvent => item.kind !== null)
  const last = new Map(events.map((event) => [event.owner + event.path, event]))
  const wanted = events.filter((event) => session.wanted(event.path) !== null)
  const entries = new Array<NewObjectEntry>(wanted.length)
  let next = 0
  let bytes = 0
  let tooHeavy = false

  async function work(): Promise<void> {
    while (next < wanted.length && !tooHeavy) {
      const index = next++
      const event = wanted[index] as FeedEvent
      const place = session.wanted(event.path) ?? 'row'
      const isLast = last.get(event.owner + event.path) === event
      const entry = isLast
        ? await resolveEvent(session, event, place)
        : supersededEntry(session.host.key, session.offset, event, session.nowMs())
      entries[index] = entry
      bytes += rowBytes(entry)
      tooHeavy = bytes > PAGE_MAX_BYTES && items.length > 1
    }
  }

  await Promise.all(Array.from({ length: Math.min(FETCHES, wanted.length) }, work))
  return tooHeavy ? null : entries
}
