import { must } from '@pubky/protocol'
import { createListener } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { type Circle, createAudience } from './audience.ts'
import { LiveError } from './errors.ts'
import type { LiveEvent, LiveInput } from './live-event.ts'
import {
  compareIds,
  formatId,
  headOfLog,
  LIVE_CHANNEL,
  LIVE_WINDOW,
  type LiveBatch,
  type LogId,
  type LogLine,
  parseId,
  READ_MAX,
  readLog,
} from './log.ts'
import { createMailbox, type Letter, type Mailbox } from './mailbox.ts'
import { eventFor } from './matches.ts'

/** A safety net below NOTIFY. */
const POLL_MS = 1_000
/** What this process commits is handed over a moment after its notice: then nothing has to be read. */
const GRACE_MS = 10
/** After so long without any, batches are another process's. */
const FED_MS = 1_000

export interface LiveFeed extends AsyncDisposable {
  /** Resolves when the feed listens. */
  readonly ready: Promise<void>
  /** Takes what a batch has committed in this process: it need not be read from the log. */
  take(batch: LiveBatch): void
  /**
   * The id of the last line that was told. Taken before a page is read, a subscription that goes on
   * after it misses nothing that the page does not show.
   */
  readonly head: string
  /**
   * Events that concern the subscription, until the signal fires. With `lastEventId` it goes on
   * after that event, or begins with `reset` when that is too long ago. A reader that falls behind
   * gets `reset`.
   */
  subscribe(input: LiveInput, signal?: AbortSignal): AsyncIterable<{ id: string; event: LiveEvent }>
}

interface Subscriber {
  input: LiveInput
  circle: Circle | null
  mailbox: Mailbox
  /** Lines up to here were told from the log itself. */
  from: LogId
}

/** Reads the live log once for all who listen in this process (design 3.6). */
export function createLiveFeed(o: {
  url: string
  pool: Pool
  pollMs?: number
  /** Names of posts and people that changed, before anybody is told; null is everything. */
  onChange?: (keys: readonly string[] | null) => void
}): LiveFeed {
  const { pool } = o
  const audience = createAudience(pool)
  const subscribers = new Set<Subscriber>()
  let head: LogId | null = null
  /** Everything up to this position was told; a batch that is known to be committed, and a notice. */
  let told = -1n
  let committed = -1n
  let noticed = -1n
  let fedMs = Number.NEGATIVE_INFINITY
  let grace: ReturnType<typeof setTimeout> | null = null
  let reading: Promise<void> | null = null
  let isAsked = false
  let isClosed = false
  const listener = createListener(o.url, [LIVE_CHANNEL], (_, payload) => hear(payload), {
    onConnect() {
      // What changed while nobody listened is still in the log, but not for how long.
      o.onChange?.(null)
      ask()
    },
  })
  const poll = setInterval(ask, o.pollMs ?? POLL_MS)

  function hear(payload: string): void {
    const isBatch = /^\d+$/.test(payload)
    if (isBatch && BigInt(payload) > noticed) noticed = BigInt(payload)
    if (!isBatch || performance.now() - fedMs > FED_MS) askUnless(false)
    else grace ??= setTimeout(() => askUnless(noticed <= told), GRACE_MS)
  }

  function askUnless(isTold: boolean): void {
    if (grace) clearTimeout(grace)
    grace = null
    if (!isTold) ask()
  }

  function take({ after, position, messages }: LiveBatch): void {
    fedMs = performance.now()
    if (position > committed) committed = position
    // Somebody else's batches may lie between.
    if (head === null || reading || after !== told) {
      ask()
      return
    }
    for (const [index, message] of messages.entries()) {
      const line = { position, ordinal: index + 1, message }
      tell(line)
      head = line
    }
    told = position
  }

  function ask(): void {
    isAsked = true
    if (reading || isClosed) return
    reading = read()
      // The next notice or the poll tries again.
      .catch(() => {})
      .finally(() => {
        reading = null
      })
  }

  async function read(): Promise<void> {
    while (isAsked && !isClosed) {
      isAsked = false
      const sure = committed
      head ??= await headOfLog(pool)
      for (;;) {
        const lines: LogLine[] = await readLog(pool, head)
        const last = lines.at(-1)
        if (!last) break
        // Lines that were dropped before they were read cannot be told.
        if (last.position - head.position >= LIVE_WINDOW)
          tell({ ...head, message: { type: 'reset' } })
        for (const line of lines) tell(line)
        head = last
        if (lines.length < READ_MAX) break
      }
      for (const position of [sure, head.position]) if (position > told) told = position
    }
  }

  function tell(line: LogLine): void {
    const { message } = line
    if (message.type === 'changed') o.onChange?.(message.keys)
    else if (message.type === 'reset') o.onChange?.(null)
    if (message.type === 'edge') audience.take(message)
    else for (const subscriber of subscribers) send(subscriber, line)
  }

  function send({ input, circle, mailbox, from }: Subscriber, line: LogLine): void {
    if (compareIds(line, from) <= 0 && line.message.type !== 'reset') return
    const event = eventFor(line.message, input, circle)
    if (event) mailbox.post(line, event)
    else mailbox.seen(line)
  }

  /** Tells everything that is in the log. */
  async function catchUpWithLog(): Promise<void> {
    ask()
    await reading
    head ??= await headOfLog(pool)
  }

  async function* subscribe(input: LiveInput, signal?: AbortSignal): AsyncGenerator<Letter> {
    if (isClosed) throw new LiveError('live_closed', 'the live feed is closed')
    const entered = input.viewer === undefined ? null : await audience.enter(input.viewer)
    try {
      await catchUpWithLog()
      yield* listen(input, entered?.circle ?? null, signal)
    } finally {
      entered?.release()
    }
  }

  async function* listen(
    input: LiveInput,
    circle: Circle | null,
    signal?: AbortSignal,
  ): AsyncGenerator<Letter> {
    const mailbox = createMailbox()
    // Nothing is told between this and its being listed.
    const now = must(head, 'the head of the log')
    const subscriber: Subscriber = { input, circle, mailbox, from: now }
    const close = () => mailbox.close()
    signal?.addEventListener('abort', close, { once: true })
    if (signal?.aborted || isClosed) close()
    subscribers.add(subscriber)
    try {
      mailbox.seen(now)
      if (input.lastEventId !== undefined) yield* catchUp(subscriber, input.lastEventId)
      yield* mailbox.read()
    } finally {
      subscribers.delete(subscriber)
      signal?.removeEventListener('abort', close)
      mailbox.close()
    }
  }

  /** What was missed since `lastEventId`, up to where the subscriber began to listen. */
  async function* catchUp(subscriber: Subscriber, lastEventId: string): AsyncGenerator<Letter> {
    const { input, circle, from } = subscriber
    const last = parseId(lastEventId)
    const isLost =
      last === null ||
      last.position > from.position ||
      last.position <= from.position - BigInt(LIVE_WINDOW)
    if (isLost) {
      yield { id: formatId(from), event: { type: 'reset' } }
      return
    }
    let at = last
    while (compareIds(at, from) < 0) {
      const lines = await readLog(pool, at)
      if (lines.length === 0) return
      for (const line of lines) {
        if (compareIds(line, from) > 0) return
        const event = eventFor(line.message, input, circle)
        if (event) yield { id: formatId(line), event }
      }
      at = lines.at(-1) ?? from
    }
  }

  return {
    ready: listener.ready,
    get head() {
      return head === null ? '' : formatId(head)
    },
    take,
    subscribe,
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearInterval(poll)
      if (grace) clearTimeout(grace)
      for (const { mailbox } of subscribers) mailbox.close()
      await listener[Symbol.asyncDispose]()
      await reading
    },
  }
}
