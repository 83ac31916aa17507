import type { PublicKeyZ32 } from '@pubky/protocol'
import { createNoticeBox } from './notice.ts'
import { nothingTouched } from './touched.ts'

/** What a batch brings about beside the rows themselves. */
export function createChanges() {
  const follows: { from: string; to: string; isNew: boolean }[] = []
  return {
    notices: createNoticeBox(),
    touched: nothingTouched(),
    /** Posts that look different now. */
    views: new Set<string>(),
    /** Posts of which not even a row is left. */
    gone: new Set<string>(),
    /** People whose number of unread notices may have changed. */
    unread: new Set<PublicKeyZ32>(),
    follows,
    follow(from: string, to: string, isNew: boolean): void {
      follows.push({ from, to, isNew })
    },
  }
}

export type Changes = ReturnType<typeof createChanges>
