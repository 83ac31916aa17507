import type { StreamInput } from '../../state/outbox/overlay.ts'

export const REACHES = ['all', 'following', 'friends'] as const
export type Reach = (typeof REACHES)[number]
export const SORTS = ['timeline', 'total_engagement'] as const
export const KINDS = ['all', 'short', 'long', 'image', 'video', 'link', 'file'] as const

export interface Filter {
  reach: Reach
  sort: (typeof SORTS)[number]
  kind: (typeof KINDS)[number]
}

const YEAR_SECONDS = 365 * 24 * 3600

/** Reads `reach.sort.kind`, as the cookie holds it; guests always read everybody. */
export function readFilter(text: string | undefined, guest: boolean): Filter {
  const [reach, sort, kind] = (text ?? '').split('.')
  return {
    reach: guest ? 'all' : (REACHES.find((one) => one === reach) ?? 'all'),
    sort: SORTS.find((one) => one === sort) ?? 'timeline',
    kind: KINDS.find((one) => one === kind) ?? 'all',
  }
}

/** Remembered in a cookie, so that the server renders the feed one left. */
export function writeFilterCookie({ reach, sort, kind }: Filter): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the asynchronous API is not everywhere yet.
  document.cookie = `feed=${reach}.${sort}.${kind}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`
}

export function toStream({ reach, sort, kind }: Filter): StreamInput {
  return { source: reach, sorting: sort, ...(kind === 'all' ? {} : { kinds: [kind] }) }
}
