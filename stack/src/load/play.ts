import { setMaxListeners } from 'node:events'
import type { StoragePath } from '@pubky/protocol'
import { isOutage, PubkyError, type Session } from '@pubky/sdk'
import { createTurns } from '@pubky/server-kit/turns'
import { patiently } from './patience.ts'

/** One object to be written by one person. */
export interface Operation {
  /** Of a loaded file: its line, from 1. */
  readonly id: number
  readonly author: string
  readonly path: StoragePath
  readonly body: Uint8Array
  /** Operations that have to be stored before; all come earlier in the list. */
  readonly after: readonly number[]
}

export interface Failure {
  operation: Operation
  error: PubkyError
}

export interface PlayOptions {
  /** The author's session; asked once per person. Rejections end the play. */
  open(author: string, signal: AbortSignal): Promise<Session>
  /** Stored in an earlier run: not sent again. */
  isDone?: (id: number) => boolean
  onDone?: (id: number) => void
  /** Requests at a time. */
  concurrency?: number
  signal?: AbortSignal
}

/** Writes one object unless something lies there already: a repeated run changes nothing. */
async function store(session: Session, { path, body }: Operation, signal: AbortSignal) {
  try {
    await session.storage.put(path, body, { create: true, signal })
  } catch (error) {
    // Edited since it was written in an earlier run.
    if (error instanceof PubkyError && error.code === 'already_exists') return
    throw error
  }
}

/**
 * Writes all operations, each person's in order and many people's at once. Refusals of the server come
 * back as failures, an outage that lasts rejects; whoever calls again goes on where it ended.
 */
export async function playOperations(
  operations: readonly Operation[],
  o: PlayOptions,
): Promise<Failure[]> {
  const { isDone = () => false, onDone, concurrency = 16 } = o
  const stop = new AbortController()
  const signal = o.signal ? AbortSignal.any([o.signal, stop.signal]) : stop.signal
  // Every request in flight listens.
  setMaxListeners(0, signal)
  const inTurn = createTurns(concurrency)
  const sessions = new Map<string, Promise<Session>>()
  const lastOf = new Map<string, Promise<void>>()
  const stored = new Map<number, Promise<void>>()
  const failures: Failure[] = []

  function sessionOf(author: string): Promise<Session> {
    const known = sessions.get(author)
    if (known) return known
    const opening = inTurn(() => patiently(() => o.open(author, signal), signal))
    sessions.set(author, opening)
    return opening
  }

  async function run(operation: Operation, before: readonly Promise<void>[]): Promise<void> {
    await Promise.all(before)
    signal.throwIfAborted()
    const session = await sessionOf(operation.author)
    try {
      await inTurn(() => patiently(() => store(session, operation, signal), signal))
    } catch (error) {
      if (!(error instanceof PubkyError) || isOutage(error)) throw error
      failures.push({ operation, error })
      return
    }
    onDone?.(operation.id)
  }

  const all = operations
    .filter(({ id }) => !isDone(id))
    .map((operation) => {
      const { id, author, after } = operation
      const before = [lastOf.get(author), ...after.map((other) => stored.get(other))]
      const running = run(
        operation,
        before.filter((promise) => promise !== undefined),
      )
      lastOf.set(author, running)
      stored.set(id, running)
      return running.catch((error: unknown) => {
        // The first fault stops the others; theirs is only that they were stopped.
        stop.abort(error)
        throw error
      })
    })
  const results = await Promise.allSettled(all)
  if (results.some(({ status }) => status === 'rejected')) throw signal.reason
  return failures
}
