/** What a page is told (design 3.6). Posts are named `author:id`; counters are absolute. */
export type LiveEvent =
  | {
      type: 'post'
      key: string
      author: string
      replyTo: string | null
      repostOf: string | null
      labels: string[]
      /** Milliseconds. */
      indexedAt: number
    }
  | { type: 'post_changed' | 'post_removed'; key: string }
  /** Of a post, or of a person named by the key. */
  | { type: 'counts'; key: string; counts: Record<string, number> }
  | { type: 'notification'; user: string; unread: number }
  /** What was missed cannot be told any more: read again. */
  | { type: 'reset' }

export interface LiveInput {
  viewer?: string | undefined
  /** For the source `author`; counters of these people are told with every source. */
  authors?: ReadonlySet<string> | undefined
  source: 'all' | 'following' | 'friends' | 'author' | 'post' | 'none'
  /** For the source `post`: `author:id`. */
  post?: string | undefined
  /** Where to go on: the id of the last event that arrived. */
  lastEventId?: string | undefined
}

/** Where a post hangs, so that the pages that show it are found. */
export interface PostPlace {
  replyTo: string | null
  repostOf: string | null
}

/** A line of the live log: an event, or what only the fan-out has to know. */
export type LogMessage =
  | Exclude<LiveEvent, { type: 'post_changed' | 'post_removed' | 'counts' }>
  | { type: 'post_changed' | 'post_removed'; key: string; place: PostPlace }
  | { type: 'counts'; key: string; counts: Record<string, number>; place: PostPlace | null }
  /** Posts and people that may look different to anybody. */
  | { type: 'changed'; keys: string[] }
  | { type: 'edge'; edge: 'follow' | 'mute'; from: string; to: string; isThere: boolean }
