import type { PublicKeyZ32 } from '@pubky/protocol'
import { createListener, type Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { ALONE_CHANNEL } from '../entries/alone.ts'
import { createAnnouncer } from './announcer.ts'
import { MAX_CONTENT_BYTES, type Told, toldAfter } from './contents.ts'
import { createFollowers, type Follower } from './followers.ts'
import { type EventRow, eventsAfter } from './rows.ts'

/** How many of the newest events are kept in memory for live streams. */
const RING = 4096
/** Events in one read, and with their bodies: these are 4 MiB at most. */
const READ = 1000
const READ_WITH_CONTENTS = 256
const POLL_MS = 1000
/** When nobody has asked for so long, new events are not read any more: who comes finds them in the table. */
const IDLE_MS = 5000
const NOTICES = [
  'auth_revocations',
  'auth_changes',
  'processes',
  'spending',
  ALONE_CHANNEL,
] as const
type NoticeChannel = (typeof NOTICES)[number]

/**
 * The newest events of this database, whichever process wrote them. Streams that keep up read from
 * here; one that lags behind reads from the table until it has caught up.
 */
export interface EventHub extends AsyncDisposable {
  readonly ready: Promise<void>
  /** Everything above this id is in memory. */
  readonly floor: bigint
  /** At most `limit` events after an id, or null when memory does not reach back so far. */
  after(id: bigint, limit: number): readonly EventRow[] | null
  /** The newest event in memory, or the floor. */
  readonly head: bigint
  /**
   * The bodies of what comes after an id, by event. Null when they have to be read: only who waited
   * when events came gets them from here.
   */
  contentsAfter(id: bigint): ReadonlyMap<EventRow, Buffer> | null
  /**
   * To be called before this process commits, and what it returns with what was committed, which need not be
   * read, and the newest event; with nothing and null when it failed. Other processes are told.
   */
  committing(): (told: () => readonly Told[], newest: bigint | null) => void
  /** Until it is disposed of, events are read with their bodies. */
  readContents(): Disposable
  /** Resolves when something newer than `id` may be there. */
  wait(id: bigint, signal: AbortSignal): Promise<void>
  /** What some people do from now on; others' events do not even wake it. */
  follow(users: readonly PublicKeyZ32[]): Follower
  /** Whether notices of other processes arrive at the moment. */
  readonly listening: boolean
}

export function createEventHub(o: {
  pool: Pool
  url: string
  log: Logger
  /** A notice on one of the other channels. */
  onNotice: (channel: NoticeChannel, payload: string) => void
  onGap: () => void
  /** That reads do not wait for: it announces what this process commits. */
  writerPool?: Pool
  /** Whether other processes serve this database; they may, when it is left out. */
  isBeside?: () => boolean
}): EventHub {
  const { pool, log, writerPool = pool, isBeside = () => true } = o
  let ring: EventRow[] = []
  /** Everything above it is in the ring. */
  let base = 0n
  let head = 0n
  let listening = false
  let reading: Promise<void> | null = null
  let again = false
  const waiters = new Set<() => void>()
  const followers = createFollowers()
  /** Under way in this process. */
  let commits = 0
  /** The newest event that a notice or a commit has told of. */
  let noticed = 0n
  let contentReaders = 0
  let contents: { after: bigint; byEvent: Map<EventRow, Buffer> } | null = null
  let askedAt = Number.NEGATIVE_INFINITY

  function isFollowed(): boolean {
    return waiters.size > 0 || followers.size > 0 || performance.now() - askedAt < IDLE_MS
  }

  const announcer = createAnnouncer({ pool: writerPool, log, isBeside })

  function notice(id: bigint): void {
    if (id > noticed) noticed = id
    if (!isFollowed()) skipTo(noticed)
    // While this process commits, what is new is most likely its own.
    else if (noticed > head && commits === 0) poke()
  }

  /** Nobody wants to know what lies between. */
  function skipTo(id: bigint): void {
    if (id <= head) return
    ring = []
    contents = null
    head = id
    base = id
  }

  async function readWithContents(limit: number): Promise<EventRow[]> {
    const budget = limit * MAX_CONTENT_BYTES
    const after = head
    const told = await toldAfter(pool, after, {
      limit,
      maxBytes: MAX_CONTENT_BYTES,
      budget,
      isPublic: false,
    })
    keepContents(after, told)
    return told.map(({ event }) => event)
  }

  /** For those who are about to be woken; what is deleted a moment later must not be told then. */
  function keepContents(after: bigint, told: readonly Told[]): void {
    const byEvent = new Map<EventRow, Buffer>()
    for (const { event, content } of told) if (content) byEvent.set(event, content)
    const mine = { after, byEvent }
    contents = mine
    setImmediate(() => {
      if (contents === mine) contents = null
    })
  }

  async function readNew(): Promise<void> {
    do {
      again = false
      const limit = contentReaders > 0 ? READ_WITH_CONTENTS : READ
      const read = await (contentReaders > 0
        ? readWithContents(limit)
        : eventsAfter(pool, head, limit))
      const rows = read.filter(({ id }) => id > head)
      if (rows.length === 0) continue
      take(rows)
      if (read.length === limit) again = true
    } while (again)
  }

  function take(rows: readonly EventRow[]): void {
    ring.push(...rows)
    head = rows.at(-1)?.id ?? head
    if (ring.length > RING) {
      const dropped = ring.splice(0, ring.length - RING)
      base = dropped.at(-1)?.id ?? base
    }
    for (const wake of waiters) wake()
    followers.tell(rows)
  }

  function poke(): void {
    again = true
    // Before it is known where the log stands, a read would begin with its first event.
    reading ??= started
      .then(readNew)
      .catch((error: unknown) => log.warn({ error }, 'events could not be read'))
      .finally(() => {
        reading = null
      })
  }

  const started = pool
    .query<{ id: string }>('select coalesce(max(id), 0)::text as id from events')
    .then(({ rows }) => {
      base = BigInt(rows[0]?.id ?? 0)
      head = base
    })

  const listener = createListener(
    o.url,
    ['events', ...NOTICES],
    (channel, payload) => {
      if (channel !== 'events') return o.onNotice(channel as NoticeChannel, payload)
      notice(BigInt(payload))
    },
    {
      log,
      onConnect: () => {
        listening = true
        o.onGap()
        poke()
      },
      onDisconnect: () => {
        listening = false
        o.onGap()
      },
    },
  )
  const timer = setInterval(() => isFollowed() && poke(), POLL_MS)

  return {
    // What was committed before notices could be heard is read by then, so that none of it comes twice.
    ready: Promise.all([started, listener.ready]).then(async () => {
      await reading
    }),
    get floor() {
      return base
    },
    get listening() {
      return listening
    },
    get head() {
      return head
    },
    after(id, limit) {
      askedAt = performance.now()
      if (id < base) return null
      let low = 0
      let high = ring.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((ring[middle]?.id ?? 0n) > id) high = middle
        else low = middle + 1
      }
      return ring.slice(low, low + limit)
    },
    committing() {
      commits += 1
      return (listing, newest) => {
        commits -= 1
        const told = isFollowed() ? listing() : []
        // What lies between, of others, is read first.
        if (told[0]?.event.id === head + 1n) {
          if (contentReaders > 0) keepContents(head, told)
          take(told.map(({ event }) => event))
        }
        notice(newest ?? 0n)
        if (newest) announcer.announce(newest)
        // Whether it was committed is not known: the table tells.
        else if (newest === null && isFollowed()) poke()
      }
    },
    contentsAfter: (id) => (contents && id >= contents.after ? contents.byEvent : null),
    readContents() {
      contentReaders += 1
      return {
        [Symbol.dispose]() {
          contentReaders -= 1
        },
      }
    },
    wait(id, signal) {
      askedAt = performance.now()
      if (head > id || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const done = () => {
          waiters.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        waiters.add(done)
        signal.addEventListener('abort', done, { once: true })
      })
    },
    follow: (users) => followers.add(users),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await announcer[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      await reading
      for (const wake of waiters) wake()
      followers.wakeAll()
      ring = []
    },
  }
}
