import { createQueue } from './outbox/queue.ts'
import { bodyKeyOf, toAction } from './outbox/records.ts'
import {
  backoffMs,
  collapse,
  isUntouched,
  judgeFailure,
  nextWakeMs,
  startable,
} from './outbox/rules.ts'
import type {
  NewAction,
  Outbox,
  OutboxAction,
  OutboxEvent,
  OutboxOptions,
  OutboxWrite,
} from './outbox/types.ts'
import type { WriteRequest } from './types.ts'

export type {
  NewAction,
  Outbox,
  OutboxAction,
  OutboxEvent,
  OutboxOptions,
  OutboxSend,
  OutboxStorage,
  OutboxWrite,
} from './outbox/types.ts'

/**
 * Keeps what a person did until the homeserver has it, through reloads and outages, and sends each
 * change once (spec/web-app.md 18.3, design 6): in order per path, four paths at a time. One outbox
 * may run per storage and account at a time.
 *
 * @example
 * const outbox = createOutbox({ storage, send: (write, o) => session.storage.write(write, o) })
 * await outbox.add({ id, writes: [{ method: 'PUT', path, body }], undo: { remove: id } })
 */
export function createOutbox(o: OutboxOptions): Outbox {
  const { storage, now = Date.now, random = Math.random, online = () => true } = o
  const setTimer = o.timer ?? startTimer
  const queue = createQueue(storage)
  const { snapshot, save, remove } = queue
  const inFlight = new Set<string>()
  /** Added but not kept yet: not to be sent. */
  const held = new Set<string>()
  const listeners = new Set<(event: OutboxEvent) => void>()
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  let waitingForIdle: (() => void)[] = []
  let cancelTimer = () => {}
  let isLoaded = false
  let isPaused = false

  const ready = queue.load().then(() => {
    isLoaded = true
    pump()
  })
  ready.catch(() => {})

  function tell(event: OutboxEvent): void {
    for (const listener of [...listeners]) {
      try {
        listener(event)
      } catch (error) {
        // The writes of a person must not depend on who looks on.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  async function add(request: NewAction): Promise<void> {
    await ready
    stopping.signal.throwIfAborted()
    const { action, bodies } = toAction(request, { seq: queue.nextSeq(), nowMs: now() })
    queue.checkRoom(action)
    const untouched = snapshot().filter((one) => isUntouched(one, inFlight) && !held.has(one.id))
    const { added, removed } = collapse(untouched, queue.isLastOnItsPaths, action)
    // From here on nothing removed may be sent, and nothing added before it is kept.
    for (const one of removed) queue.drop(one)
    if (added) {
      held.add(added.id)
      queue.keep(added)
    }
    try {
      await queue.replace(removed, added, bodies)
    } catch (error) {
      if (added) queue.drop(added)
      for (const one of removed) queue.keep(one)
      throw error
    } finally {
      held.delete(action.id)
      // Also what could not be kept may have been in the way of others.
      queueMicrotask(pump)
    }
    for (const one of removed) tell({ type: 'collapsed', action: one, into: added?.id ?? null })
    if (added) tell({ type: 'added', action: added })
  }

  function pump(): void {
    cancelTimer()
    cancelTimer = () => {}
    const isRunning = isLoaded && !stopping.signal.aborted
    if (isRunning && !isPaused && online()) {
      for (const action of startable(snapshot(), { inFlight, held, nowMs: now() })) start(action)
      const at = nextWakeMs(snapshot(), now())
      if (at !== null) cancelTimer = setTimer(at - now(), pump)
    }
    settleIdle()
  }

  function settleIdle(): void {
    const isBusy = inFlight.size > 0 || held.size > 0
    const isStuck = isPaused || stopping.signal.aborted || !online()
    const isEmpty = snapshot().every(({ state }) => state !== 'waiting')
    if (isBusy || (!isStuck && !isEmpty)) return
    const waiting = waitingForIdle
    waitingForIdle = []
    for (const resolve of waiting) resolve()
  }

  function start(action: OutboxAction): void {
    inFlight.add(action.id)
    const run = sendNext(action)
      // The storage failed: what is in memory holds, and the next try comes later.
      .catch(() => later(action.id))
      .finally(() => {
        inFlight.delete(action.id)
        running.delete(run)
        pump()
      })
    running.add(run)
  }

  function later(id: string): void {
    const action = queue.get(id)
    if (action) queue.keep({ ...action, nextAtMs: now() + backoffMs(action.tries, random()) })
  }

  async function sendNext(action: OutboxAction): Promise<void> {
    const write = action.writes[action.done]
    if (!write) return finish(action)
    let current = action
    let isKept = true
    const request = await toRequest(action, write)
    if (!request) {
      const detail = 'the text of a waiting write is lost'
      return refuse(action, { code: 'bad_request', detail })
    }
    try {
      await o.send(request, {
        before: action.attempt,
        signal: stopping.signal,
        onAttempt: async (attempt) => {
          isKept = false
          await save({ ...current, attempt })
          current = { ...current, attempt }
          isKept = true
        },
      })
    } catch (error) {
      if (stopping.signal.aborted) return
      if (!isKept) throw error
      return afterFailure(current, write, error)
    }
    return afterStored(current)
  }

  async function toRequest(action: OutboxAction, write: OutboxWrite): Promise<WriteRequest | null> {
    const { method, path, create } = write
    if (method === 'DELETE') return { method, path, body: null }
    const body = await storage.get(bodyKeyOf(action))
    return body instanceof Uint8Array ? { method, path, body, create } : null
  }

  async function afterStored(action: OutboxAction): Promise<void> {
    const next = { ...action, done: action.done + 1, attempt: null, tries: 0, nextAtMs: 0 }
    if (next.done === next.writes.length) await finish(next)
    else await save(next)
  }

  async function finish(action: OutboxAction): Promise<void> {
    await remove(action)
    tell({ type: 'done', action })
  }

  async function afterFailure(action: OutboxAction, write: OutboxWrite, error: unknown) {
    const verdict = judgeFailure(write, error)
    switch (verdict.kind) {
      case 'stored':
        return afterStored(action)
      case 'pause':
        if (isPaused) return
        isPaused = true
        return tell({ type: 'paused' })
      case 'retry': {
        const wait = backoffMs(action.tries, random(), verdict.retryAfterSeconds)
        const attempt = verdict.signAnew ? null : action.attempt
        return save({ ...action, attempt, tries: action.tries + 1, nextAtMs: now() + wait })
      }
      case 'refuse':
        return refuse(action, verdict)
    }
  }

  async function refuse(action: OutboxAction, { code, detail }: { code: string; detail: string }) {
    const refused: OutboxAction = {
      ...action,
      attempt: null,
      state: 'refused',
      reason: { code, detail },
    }
    await save(refused)
    tell({ type: 'refused', action: refused })
  }

  return {
    ready,
    add,
    snapshot,
    get paused() {
      return isPaused
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async cancel(id) {
      await ready
      const action = queue.get(id)
      if (!action || held.has(id) || !isUntouched(action, inFlight)) return false
      queue.drop(action)
      try {
        await remove(action)
      } catch (error) {
        queue.keep(action)
        throw error
      }
      tell({ type: 'cancelled', action })
      pump()
      return true
    },
    async retry(id) {
      const action = queue.get(id)
      if (action?.state !== 'refused') return false
      await save({
        ...action,
        seq: queue.nextSeq(),
        state: 'waiting',
        reason: null,
        tries: 0,
        nextAtMs: 0,
      })
      pump()
      return true
    },
    async dismiss(id) {
      const action = queue.get(id)
      if (action?.state !== 'refused') return false
      await remove(action)
      return true
    },
    resume() {
      if (!isPaused) return
      isPaused = false
      tell({ type: 'resumed' })
      pump()
    },
    wake() {
      for (const action of snapshot())
        if (action.nextAtMs > 0) queue.keep({ ...action, nextAtMs: 0 })
      pump()
    },
    idle() {
      return new Promise((resolve) => {
        waitingForIdle.push(resolve)
        settleIdle()
      })
    },
    async stop() {
      cancelTimer()
      stopping.abort(new DOMException('The outbox was stopped.', 'AbortError'))
      await Promise.allSettled([...running])
      settleIdle()
    },
  }
}

function startTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
