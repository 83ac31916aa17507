import { type EventId, must, type PublicKeyZ32 } from '@pubky/protocol'
import { createBackoff } from './backoff.ts'
import type { BlobIntake } from './blob-intake.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Directory } from './directory.ts'
import type { NewObjectEntry } from './entries.ts'
import { IndexerError } from './errors.ts'
import { type FeedItem, lineOf } from './feed-event.ts'
import { fetchObject, type Limits } from './fetch-object.ts'
import { createFlow } from './flow.ts'
import type { Journal } from './journal.ts'
import { createPace } from './pace.ts'
import { connectHost, type RemoteHost } from './remote-host.ts'
import { resync } from './resync.ts'
import type { SourceState, Sources } from './sources.ts'
import { pageEntries } from './take-page.ts'
import type { Wanted } from './wanted.ts'

/** Between polls of a host without a live form: quick after news, slow in silence (design 3.3). */
const POLL_MIN_MS = 50
const POLL_MAX_MS = 5_000
const PAGE_LIMIT = 200
/** More events each second than this are read more slowly. */
const EVENTS_PER_SECOND = 5_000

export interface FollowDeps {
  journal: Journal
  sources: Sources
  directory: Directory
  fetch: typeof fetch
  intake: BlobIntake
  limits: Limits
  budget: ByteBudget
  wanted: Wanted
  nowMs: () => number
  /** Name of this process in the leases. */
  holder: string
  log: WatcherLog
}

export interface WatcherLog {
  info(o: object, message: string): void
  warn(o: object, message: string): void
}

/** What the reading of one host needs at each step. */
export interface Session extends FollowDeps {
  host: RemoteHost
  offset: bigint
  signal: AbortSignal
}

/**
 * Follows a host until the connection ends or fails; then call it again. `onProgress` is called
 * whenever something was committed. Rejects with an `IndexerError`, or with the signal's reason.
 */
export async function followHost(
  deps: FollowDeps,
  key: PublicKeyZ32,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<void> {
  let state = await deps.sources.state(key)
  const host = await connectHost(deps, key, { signal })
  if (!state.isMet) {
    // Anything may answer `/info`; who has a feed is a homeserver.
    await host.page(0n, 1, { signal })
    await deps.sources.meet(key)
  }
  if (await hasGoneBack(host, state, signal)) {
    deps.log.warn({ host: key, cursor: String(state.cursor) }, 'a host has gone back')
    state = await resync({ ...deps, host, signal }, state)
    await deps.sources.strike(key, 'went_back')
  }
  const session: Session = { ...deps, host, offset: state.offset, signal }
  const isLive = host.features.has('events-live')
  deps.log.info({ host: key, cursor: String(state.cursor), live: isLive }, 'following a host')
  onProgress()
  await (isLive ? followLive(session, state, onProgress) : poll(session, state, onProgress))
}

/** Asks for the last known event again: a host restored from a backup has another one there. */
async function hasGoneBack(
  host: RemoteHost,
  { cursor, line }: SourceState,
  signal: AbortSignal,
): Promise<boolean> {
  if (cursor === 0n) return false
  const [event] = (await host.page(cursor - 1n, 1, { signal })) ?? []
  if (!event || event.id !== cursor) return true
  return line !== null && lineOf(event) !== line
}

async function followLive(
  session: Session,
  state: SourceState,
  onProgress: () => void,
): Promise<void> {
  const pace = createPace(EVENTS_PER_SECOND)
  const flow = createFlow(session, onProgress)
  let last = state.cursor
  try {
    for await (const items of session.host.live(state.cursor, { signal: flow.signal })) {
      for (const item of items) {
        if (item.id <= last)
          throw new IndexerError('bad_cursor', { detail: `${item.id} after ${last}` })
        last = item.id
        await flow.push(item)
      }
      await pace.take(items.length, flow.signal)
    }
    await flow.drain()
  } catch (error) {
    // A failure inside the flow ends the stream; it is the cause, not the broken stream.
    throw flow.failure() ?? error
  } finally {
    await flow.close()
  }
}

async function poll(session: Session, from: SourceState, onProgress: () => void): Promise<void> {
  const { host, signal } = session
  const backoff = createBackoff(POLL_MIN_MS, POLL_MAX_MS)
  const pace = createPace(EVENTS_PER_SECOND)
  let { cursor } = from
  let limit = PAGE_LIMIT
  while (!signal.aborted) {
    const items = await host.page(cursor, limit, { signal })
    if (!items) {
      await backoff.wait(signal)
      continue
    }
    const entries = await pageEntries(session, items)
    if (!entries) {
      // Too heavy for the memory of one page. One object alone is never too heavy.
      limit = Math.max(1, Math.floor(limit / 4))
      continue
    }
    limit = Math.min(PAGE_LIMIT, limit * 2)
    const last = must(items.at(-1), 'the last event of a page')
    await commit(session, entries, last)
    cursor = last.id
    onProgress()
    backoff.reset()
    await pace.take(items.length, signal)
  }
  signal.throwIfAborted()
}

/** Appends entries and moves the cursor to `last`; blobs that went meanwhile are fetched again. */
export async function commit(
  session: Session,
  entries: readonly NewObjectEntry[],
  last: FeedItem,
): Promise<void> {
  await session.journal.append(session.host.key, entries, {
    owner: null,
    eventId: String(last.id) as EventId,
    line: lineOf(last),
    holder: session.holder,
  })
  for (const entry of entries) {
    if (entry.body?.at !== 'blob' || (await session.intake.has(entry.body.key))) continue
    const event = { ...entry, id: BigInt(entry.eventId), content: null }
    await fetchObject(session, event, 'blob', { signal: session.signal }).catch(() => {})
  }
}
