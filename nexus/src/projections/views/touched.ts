/** Counters of a person that are kept by adding up what changes, because nobody counts thousands of rows each time. */
export const SUMS = ['posts', 'replies', 'collections', 'tagged', 'following', 'followers'] as const
export type Sums = Record<(typeof SUMS)[number], number>

/** Which counters are to be counted again. */
export interface Touched {
  posts: Set<string>
  /** Posts that became or ceased to be a collection: bookmarks of collections are not counted. */
  collections: Set<string>
  resources: Map<string, string>
  /** By how much counters of people change. */
  sums: Map<string, Sums>
  people: {
    tags: Set<string>
    friends: Set<string>
    bookmarks: Set<string>
  }
}

export function nothingTouched(): Touched {
  return {
    posts: new Set(),
    collections: new Set(),
    resources: new Map(),
    sums: new Map(),
    people: {
      tags: new Set(),
      friends: new Set(),
      bookmarks: new Set(),
    },
  }
}

/** Notes that a person has so many more, or fewer, of some things. */
export function add({ sums }: Touched, id: string, changes: Partial<Sums>): void {
  const sum = sums.get(id) ?? {
    posts: 0,
    replies: 0,
    collections: 0,
    tagged: 0,
    following: 0,
    followers: 0,
  }
  for (const name of SUMS) sum[name] += changes[name] ?? 0
  sums.set(id, sum)
}
