import type { StoragePath } from '@pubky/protocol'
import { PubkyError, type SdkErrorCode } from '../errors.ts'
import type { OutboxAction, OutboxWrite } from './types.ts'

/** spec/web-app.md 18.3. */
export const MAX_PARALLEL = 4
const BACKOFF_FIRST_MS = 1_000
const BACKOFF_MAX_MS = 300_000

/** Nothing of it was sent, so that it can be taken back without a trace. */
export function isUntouched(action: OutboxAction, inFlight: ReadonlySet<string>): boolean {
  const { id, state, done, attempt } = action
  return state === 'waiting' && done === 0 && attempt === null && !inFlight.has(id)
}

/** The actions to send now: in order per path and lane, others in parallel. Input in the order of `seq`. */
export function startable(
  actions: readonly OutboxAction[],
  o: { inFlight: ReadonlySet<string>; held: ReadonlySet<string>; nowMs: number },
): OutboxAction[] {
  const taken = new Set<StoragePath>()
  const lanes = new Set<string>()
  const found: OutboxAction[] = []
  let room = MAX_PARALLEL - o.inFlight.size
  for (const action of actions) {
    if (action.state !== 'waiting') continue
    const left = action.writes.slice(action.done)
    const isBehind = action.lane !== undefined && lanes.has(action.lane)
    const isBlocked = isBehind || left[0] === undefined || taken.has(left[0].path)
    const isWaiting =
      o.inFlight.has(action.id) || o.held.has(action.id) || action.nextAtMs > o.nowMs
    if (!isBlocked && !isWaiting && room > 0) {
      found.push(action)
      room -= 1
    }
    for (const { path } of left) taken.add(path)
    if (action.lane !== undefined) lanes.add(action.lane)
  }
  return found
}

/** When the next action that waits for time may be sent; null when none does. */
export function nextWakeMs(actions: readonly OutboxAction[], nowMs: number): number | null {
  const times = actions
    .filter(({ state, nextAtMs }) => state === 'waiting' && nextAtMs > nowMs)
    .map(({ nextAtMs }) => nextAtMs)
  return times.length === 0 ? null : Math.min(...times)
}

/** What adding an action does to untouched earlier ones on the same paths. */
export interface Collapse {
  /** Null when the earlier and the new one together change nothing. */
  added: OutboxAction | null
  removed: OutboxAction[]
}

export function collapse(
  untouched: readonly OutboxAction[],
  isLastOnItsPaths: (action: OutboxAction) => boolean,
  added: OutboxAction,
): Collapse {
  const paths = new Set(added.writes.map(({ path }) => path))
  const removed = untouched.filter(
    (action) => action.writes.every(({ path }) => paths.has(path)) && isLastOnItsPaths(action),
  )
  if (removed.length === 0) return { added, removed }
  const undo = [...removed.flatMap((action) => action.undo), ...added.undo]
  const before = new Map(
    removed.flatMap(({ writes }) => writes.map((write) => [write.path, write])),
  )
  const isNothing = added.writes.every(
    (write) => write.method === 'DELETE' && before.get(write.path)?.create === true,
  )
  if (isNothing) return { added: null, removed }
  return {
    added: { ...added, undo, writes: added.writes.map((w) => merge(before.get(w.path), w)) },
    removed,
  }
}

/** What is known of the path is what was known before the earlier, unsent write. */
function merge(before: OutboxWrite | undefined, write: OutboxWrite): OutboxWrite {
  if (!before || write.method === 'DELETE') return write
  return { ...write, create: before.method === 'PUT' && before.create }
}

export function backoffMs(tries: number, random: number, retryAfterSeconds = 0): number {
  const ms = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(tries, 20))
  return Math.max(retryAfterSeconds * 1000, ms * (0.5 + random / 2))
}

/** What a failure means for the action. */
export type Verdict =
  | { kind: 'stored' }
  | { kind: 'retry'; retryAfterSeconds: number; signAnew: boolean }
  | { kind: 'pause' }
  | { kind: 'refuse'; code: string; detail: string }

/** They pass by themselves: clocks, records that travel, servers that are being repaired. */
const PASSING = new Set<SdkErrorCode>([
  'no_homeserver',
  'no_endpoint',
  'invalid_record',
  'bad_answer',
  'signature_not_fresh',
  'signature_superseded',
])

export function judgeFailure(write: OutboxWrite, error: unknown): Verdict {
  // Nobody refused: a key that is locked or a disk that is full must not cost a person their words.
  if (!(error instanceof PubkyError))
    return { kind: 'retry', retryAfterSeconds: 0, signAnew: false }
  const { code, retryAfterSeconds = 0 } = error
  // Somebody who moved signs in at the new home; what waits goes there.
  if (code === 'unauthorized' || code === 'moved') return { kind: 'pause' }
  if (error.isOutage) return { kind: 'retry', retryAfterSeconds, signAnew: false }
  if (PASSING.has(code)) {
    return { kind: 'retry', retryAfterSeconds, signAnew: code.startsWith('signature_') }
  }
  if (code === 'not_found' && write.method === 'DELETE') return { kind: 'stored' }
  return { kind: 'refuse', code, detail: error.message }
}
