import type { LiveEvent, LiveInput } from '@pubky/nexus/api-types'

/** What a page wants to hear about. */
export type Interest = Pick<LiveInput, 'source' | 'post'> & { authors?: readonly string[] }

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
