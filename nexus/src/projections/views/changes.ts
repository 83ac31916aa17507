import type { PublicKeyZ32 } from '@pubky/protocol'
import { createNoticeBox } from './notice.ts'
import { nothingTouched } from './touched.ts'

/** What a batch brings about beside the rows themselves. */
export function createChanges() {
  const edges: { edge: 'follow' | 'mute'; from: string; to: string; isThere: boolean }[] = []
  return {
    notices: createNoticeBox(),
    touched: nothingTouched(),
    /** Posts that look different now. */
    views: new Set<string>(),
    /** Posts of which not even a row is left. */
    gone: new Set<string>(),
    /** People whose profile changed. */
    people: new Set<PublicKeyZ32>(),
    /** People whose number of unread notices may have changed. */
    unread: new Set<PublicKeyZ32>(),
    /** Follows and mutes that came or went, in order. */
    edges,
    /** People who changed how their signatures are to be judged. */
    judges: new Set<PublicKeyZ32>(),
    /** Statements whose answers nobody has waited for yet. */
    pending: [] as Promise<unknown>[],
  }
}

export type Changes = ReturnType<typeof createChanges>
