import type { StreamInput } from '../outbox/overlay.ts'

export const PAGE_SIZE = 20

/** The input of a page for the indexer. */
export function streamRequest(input: StreamInput, viewer: string | null, cursor: string | null) {
  return {
    ...input,
    limit: PAGE_SIZE,
    viewerId: viewer ?? undefined,
    cursor: cursor ?? undefined,
  }
}
