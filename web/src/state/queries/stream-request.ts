import type { StreamInput } from '../outbox/overlay.ts'

const PAGE_SIZE = 20
/** What the server renders: more than a screen, and little enough to come to life at once. */
export const FIRST_PAGE_SIZE = 10

/** The input of a page for the indexer. */
export function streamRequest(
  input: StreamInput,
  viewer: string | null,
  cursor: string | null,
  limit = PAGE_SIZE,
) {
  return {
    ...input,
    limit,
    viewerId: viewer ?? undefined,
    cursor: cursor ?? undefined,
  }
}
