import { setMaxListeners } from 'node:events'
import { pause } from './backoff.ts'
import type { NewObjectEntry } from './entries.ts'
import type { FeedItem } from './feed-event.ts'
import { commit, type Session } from './follow-host.ts'
import { resolveEvent, supersededEntry } from './resolve-event.ts'
import { rowBytes } from './rows.ts'
import type { Place } from './wanted.ts'

const FETCHES = 16
/** Events that wait for their bodies or for those before them. */
const MAX_WAITING = 1_024
/** Bodies that wait in memory; beyond this only the first event in line is fetched, and none is kept that came along. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
const BATCH_ENTRIES = 256
const BATCH_BYTES = 4 * 1024 * 1024
/** A commit waits so long after the one before: what is alone does not wait, a steady stream goes in larger batches. */
const TOGETHER_MS = 5
/** Events nobody wants move the cursor so often. */
const IDLE_COMMIT_MS = 1_000

interface Job {
  item: FeedItem
  place: Place
  key: string
  state: 'waiting' | 'running' | 'done'
  entry: NewObjectEntry | null
}

/**
 * Turns the events of a live stream into commits: several fetches run at once, entries are appended
 * in the order of the events, each as soon as it and all before it are there.
 */
export function createFlow(parent: Session, onProgress: () => void) {
  const control = new AbortController()
  const signal = AbortSignal.any([parent.signal, control.signal])
  setMaxListeners(0, signal)
  const session: Session = { ...parent, signal }
  const jobs: Job[] = []
  const latest = new Map<string, Job>()
  let started = 0
  let running = 0
  let bytes = 0
  /** Of bodies that came along and were not looked at yet. */
  let sentBytes = 0
  let committing = false
  let committedAt = Number.NEGATIVE_INFINITY
  let failed: unknown
  let idleTimer: ReturnType<typeof setTimeout> | undefined
  let uncommitted: FeedItem | null = null
  let waiters: (() => void)[] = []

  function fail(error: unknown): void {
    failed ??= error
    control.abort(error)
    rouse()
  }

  function rouse(): void {
    const all = waiters
    waiters = []
    for (const wake of all) wake()
  }

  const changed = () => new Promise<void>((resolve) => waiters.push(resolve))

  function finish(job: Job, entry: NewObjectEntry | null): void {
    job.state = 'done'
    job.entry = entry
    sentBytes -= contentBytes(job.item)
    if (entry) bytes += rowBytes(entry)
  }

  function pump(): void {
    while (started < jobs.length && !signal.aborted) {
      const job = jobs[started] as Job
      if (job.state === 'done') {
        started += 1
        continue
      }
      // A body that came along takes no more room when it is looked at.
      const fits = bytes + sentBytes < MAX_WAITING_BYTES || contentBytes(job.item) > 0
      const mayStart = running < FETCHES && (fits || started === 0)
      if (!mayStart || job.item.kind === null || job.place === null) return
      started += 1
      running += 1
      job.state = 'running'
      resolveEvent(session, job.item, job.place)
        .then((entry) => {
          running -= 1
          finish(job, entry)
          pump()
          void commitReady()
        })
        .catch(fail)
    }
  }

  async function commitReady(): Promise<void> {
    if (committing || signal.aborted) return
    committing = true
    try {
      while (jobs[0]?.state === 'done' && !signal.aborted) {
        if (performance.now() - committedAt < TOGETHER_MS) await pause(TOGETHER_MS, signal)
        await commitBatch()
        committedAt = performance.now()
      }
    } catch (error) {
      fail(error)
    } finally {
      committing = false
      rouse()
    }
  }

  async function commitBatch(): Promise<void> {
    const entries: NewObjectEntry[] = []
    let size = 0
    let count = 0
    while (jobs[count]?.state === 'done' && count < MAX_WAITING) {
      const { entry } = jobs[count] as Job
      if (entry && (entries.length >= BATCH_ENTRIES || size >= BATCH_BYTES)) break
      if (entry) {
        entries.push(entry)
        size += rowBytes(entry)
      }
      count += 1
    }
    const taken = jobs.splice(0, count)
    started = Math.max(0, started - count)
    for (const job of taken) if (latest.get(job.key) === job) latest.delete(job.key)
    const last = (taken.at(-1) as Job).item
    if (entries.length === 0) {
      uncommitted = last
      idleTimer ??= setTimeout(() => void commitIdle(), IDLE_COMMIT_MS)
      return
    }
    uncommitted = null
    await commit(session, entries, last)
    bytes -= size
    onProgress()
    pump()
  }

  async function commitIdle(): Promise<void> {
    idleTimer = undefined
    const last = uncommitted
    if (!last || committing || signal.aborted) return
    committing = true
    try {
      uncommitted = null
      await commit(session, [], last)
      onProgress()
    } catch (error) {
      fail(error)
    } finally {
      committing = false
      rouse()
    }
    await commitReady()
  }

  /** Takes an event; resolves when the next one may come. */
  async function push(given: FeedItem): Promise<void> {
    while (jobs.length >= MAX_WAITING && !signal.aborted) await changed()
    signal.throwIfAborted()
    const place = given.kind ? session.wanted(given.path) : null
    const hasRoom = bytes + sentBytes + contentBytes(given) <= MAX_WAITING_BYTES
    const item = place === 'row' && hasRoom ? given : withoutContent(given)
    sentBytes += contentBytes(item)
    const key = item.kind && place ? item.owner + item.path : ''
    const job: Job = { item, place, key, state: place ? 'waiting' : 'done', entry: null }
    if (item.kind && place) {
      const before = latest.get(key)
      if (before?.state === 'waiting' && before.item.kind !== null)
        finish(
          before,
          supersededEntry(session.host.key, session.offset, before.item, session.nowMs()),
        )
      latest.set(key, job)
    }
    jobs.push(job)
    pump()
    void commitReady()
  }

  /** Resolves when everything that was pushed is committed. */
  async function drain(): Promise<void> {
    while ((jobs.length > 0 || committing) && !signal.aborted) await changed()
    signal.throwIfAborted()
    if (uncommitted) await commitIdle()
    if (failed) throw failed
  }

  async function close(): Promise<void> {
    clearTimeout(idleTimer)
    control.abort(new DOMException('closed', 'AbortError'))
    rouse()
    while (committing) await changed()
  }

  return { signal, push, drain, close, failure: () => failed }
}

function contentBytes(item: FeedItem): number {
  return item.kind ? (item.content?.length ?? 0) : 0
}

function withoutContent(item: FeedItem): FeedItem {
  return item.kind ? { ...item, content: null } : item
}
