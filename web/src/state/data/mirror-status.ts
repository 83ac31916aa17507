import type { CopyCounts, MoveProgress } from '@pubky/sdk/move-types'
import type { Moved } from './arrive.ts'
import { forgetMirror } from './mirror-place.ts'

/** What the mirror of this tab is doing; `idle` when there is none here. */
export type MirrorStatus =
  | { state: 'idle' }
  | { state: 'opening' }
  | { state: 'copying'; done: number; total: number }
  /** The copy has everything, the last time something new at `atMs`. */
  | { state: 'fresh'; atMs: number; counts: CopyCounts }
  /** It is tried again. */
  | { state: 'trouble'; code: string }
  | { state: 'failed'; code: string; detail: string | null }
  | { state: 'promoting'; progress: MoveProgress }
  | { state: 'promoted'; moved: Moved }
  /** The address names the copy, by somebody else's doing. */
  | { state: 'home' }

/** Whoever runs it listens. */
export interface MirrorControl {
  readonly user: string
  /** Ends everything. */
  readonly stop: AbortController
  /** Ends the mirroring, so that the copy becomes the home. */
  readonly promote: AbortController
  /** This tab has let go of the lock. */
  ended: boolean
}

export const IDLE: MirrorStatus = { state: 'idle' }
let status: MirrorStatus = IDLE
let control: MirrorControl | null = null
const listeners = new Set<() => void>()

export function mirrorStatus(): MirrorStatus {
  return status
}

export function setMirrorStatus(next: MirrorStatus): void {
  status = next
  for (const listener of listeners) listener()
}

export function subscribeMirror(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** A new run, which nothing of an earlier one can stop. */
export function takeControl(user: string): MirrorControl {
  control = { user, stop: new AbortController(), promote: new AbortController(), ended: false }
  return control
}

/** Held by the tab that mirrors. */
export function mirrorLock(user: string): string {
  return `pubky-mirror:${user}`
}

/** Whether a tab of this browser mirrors, and it is not this one. */
export async function runsElsewhere(user: string): Promise<boolean> {
  if (control && !control.ended) return false
  const { held = [] } = await navigator.locks.query()
  return held.some(({ name }) => name === mirrorLock(user))
}

/** Closes the key; the mirror can be taken up again. */
export function pauseMirror(): void {
  control?.stop.abort()
  setMirrorStatus(IDLE)
}

/** The copy becomes the home, by the key that is open. */
export function promoteNow(): void {
  control?.promote.abort()
}

/** Ends a mirror in whichever tab it runs. What was copied stays where it is. */
export async function endMirror(user: string): Promise<void> {
  if (control?.user === user) pauseMirror()
  await forgetMirror(user)
  // Whoever held the lock learns by losing it.
  await navigator.locks.request(mirrorLock(user), { steal: true }, () => {})
}
