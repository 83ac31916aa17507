/** What the indexer pushes (design 3, step 6). */
export type LiveEvent =
  | {
      type: 'post'
      key: string
      author: string
      replyTo: string | null
      repostOf: string | null
      labels: string[]
      indexedAt: number
    }
  | { type: 'post_changed' | 'post_removed'; key: string }
  | { type: 'counts'; key: string; counts: Record<string, number> }
  | { type: 'notification'; user: string; unread: number }
  | { type: 'reset' }

/** What a page wants to hear about. */
export interface Interest {
  source: 'all' | 'following' | 'friends' | 'author' | 'post' | 'none'
  authors?: string[]
  post?: string
}

/** Between the tabs: interests go to the leader, events come from it. */
export type TabMessage =
  | { kind: 'interest'; tab: string; interest: Interest }
  | { kind: 'gone'; tab: string }
  | { kind: 'who' }
  | { kind: 'event'; event: LiveEvent; source: Interest['source'] }

/** One subscription that covers what all tabs want: theirs when they agree, else everything. */
export function mergeInterests(interests: Iterable<Interest>): Interest {
  const all = [...interests].filter(({ source }) => source !== 'none')
  const [first, ...rest] = all
  if (!first) return { source: 'none' }
  const text = JSON.stringify(first)
  return rest.every((one) => JSON.stringify(one) === text) ? first : { source: 'all' }
}
