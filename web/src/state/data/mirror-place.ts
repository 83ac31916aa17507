import type { MirrorPlace } from '@pubky/sdk/mirror'
import { openDatabase } from '../database.ts'

/** What this browser remembers of somebody's mirror; keys are not among it. */
export interface KeptMirror {
  v: 1
  /** The homeserver that holds the copy. */
  to: string
  /** When the copy was last known to have everything; null when it never had. */
  freshAtMs: number | null
  place: MirrorPlace | null
}

export async function keptMirror(user: string): Promise<KeptMirror | null> {
  return (await (await openDatabase()).get('mirrors', user)) ?? null
}

export async function keepMirror(user: string, kept: KeptMirror): Promise<void> {
  await (await openDatabase()).put('mirrors', kept, user)
}

export async function forgetMirror(user: string): Promise<void> {
  await (await openDatabase()).delete('mirrors', user)
}
