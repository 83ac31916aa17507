import type { MovePlace } from '@pubky/sdk/move-types'
import type { KeptMirror } from './data/mirror-place.ts'
import type { MirrorStatus } from './data/mirror-status.ts'
import type { Pending } from './outbox/actions.ts'

/** Something that does not go on by itself. `mark` changes when there is more to say about it. */
export type Standstill = { mark: string } & (
  | { kind: 'ended' | 'moveUnfinished' | 'movePublished' }
  /** What the homeserver refused for good, and what waits although it could be sent. */
  | { kind: 'refused' | 'waiting'; count: number }
  /** When the copy last had everything; null when it never had. */
  | { kind: 'mirrorPaused'; freshAtMs: number | null }
  | { kind: 'mirrorTrouble' }
)

export interface StandstillFacts {
  /** Whether the homeserver no longer takes the session. */
  ended: boolean
  /** A move that no tab goes on with. */
  move: MovePlace | null
  pending: readonly Pending[]
  /** Which action has been the oldest that waits, and for how long; null while nothing can be reached. */
  oldest: { id: string; forMs: number } | null
  mirror: { kept: KeptMirror; status: MirrorStatus['state']; isElsewhere: boolean } | null
}

/** Longer than an indexer, a homeserver or a connection needs to come back by itself. */
export const STUCK_AFTER_MS = 60_000

/** What stands still, the most pressing first. */
export function standstills(facts: StandstillFacts): Standstill[] {
  const { ended, move, pending, oldest, mirror } = facts
  const found: Standstill[] = []
  if (ended) found.push({ kind: 'ended', mark: 'ended' })
  if (move) {
    const isPublished = move.step === 'publish' || move.step === 'follow'
    const kind = isPublished ? 'movePublished' : 'moveUnfinished'
    found.push({ kind, mark: `${move.to}:${kind}` })
  }
  const refused = pending.filter(({ state }) => state === 'failed')
  const last = refused.at(-1)
  if (last) found.push({ kind: 'refused', mark: last.id, count: refused.length })
  // An ended session is why nothing is sent.
  if (!ended && oldest && oldest.forMs >= STUCK_AFTER_MS) {
    const count = pending.filter(({ state }) => state === 'waiting').length
    found.push({ kind: 'waiting', mark: oldest.id, count })
  }
  if (mirror) found.push(...mirrorStandstill(mirror))
  return found
}

function mirrorStandstill(mirror: NonNullable<StandstillFacts['mirror']>): Standstill[] {
  const { kept, status, isElsewhere } = mirror
  if (isElsewhere) return []
  const { to, freshAtMs } = kept
  const mark = `${to}:${freshAtMs}`
  if (status === 'idle') return [{ kind: 'mirrorPaused', mark, freshAtMs }]
  const isBad = status === 'trouble' || status === 'failed'
  return isBad ? [{ kind: 'mirrorTrouble', mark: `${mark}:${status}` }] : []
}

const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS

/** For how long nothing more is said about something that was dismissed. */
export function quietMs({ kind }: Standstill): number {
  return kind === 'mirrorPaused' || kind === 'moveUnfinished' ? WEEK_MS : HOUR_MS
}
