import type { Label, PostKey } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'

/** Whom a person reaches: by one edge, or over follows up to `depth` hops. Never themselves. */
export type Reach =
  | { kind: 'followers' | 'following' | 'friends' }
  | { kind: 'wot'; depth: 1 | 2 | 3 }

export interface Page {
  skip?: number
  limit: number
}

export interface Scored {
  user: PublicKeyZ32
  score: number
}

/** Half open, in milliseconds since the epoch. */
export interface Window {
  fromMs: number
  toMs: number
}

/** Absolute facts, so that applying twice or in another order gives the same graph. */
export type GraphOp =
  | { op: 'user'; user: PublicKeyZ32; present: boolean }
  | {
      op: 'post'
      post: PostKey
      present: boolean
      atMs: number
      kind: string
      replyTo: PostKey | null
      repostOf: PostKey | null
      mentions: PublicKeyZ32[]
    }
  | { op: 'follow'; from: PublicKeyZ32; to: PublicKeyZ32; present: boolean; atMs: number }
  | {
      op: 'tag'
      tagger: PublicKeyZ32
      target: PublicKeyZ32 | PostKey
      label: Label
      present: boolean
      atMs: number
    }
  | { op: 'bookmark'; from: PublicKeyZ32; post: PostKey; present: boolean; atMs: number }

export interface HotLabel {
  label: Label
  /** Distinct posts that carry it. */
  tagged: number
  taggersCount: number
  /** The latest first. */
  taggers: PublicKeyZ32[]
}

export interface TrustedLabel {
  label: Label
  taggers: PublicKeyZ32[]
  count: number
}

/** Questions about people and what lies between them. One contract suite holds for every adapter. */
export interface SocialGraph extends AsyncDisposable {
  reset(): Promise<void>
  /** The last journal position whose effect is in the graph. */
  position(): Promise<bigint>
  /** Facts and position in one transaction; at or below the stored position it does nothing. */
  apply(batch: { position: bigint; ops: readonly GraphOp[] }): Promise<void>
  /** Nearest first, then the newest edge (for friends: the newer of the two), then by key. */
  reach(user: PublicKeyZ32, r: Reach, p: Page): Promise<PublicKeyZ32[]>
  /** In the order of `users`. */
  relation(
    viewer: PublicKeyZ32,
    users: readonly PublicKeyZ32[],
  ): Promise<{ following: boolean; followedBy: boolean }[]>
  /**
   * Whom to follow: people two or three follows away with at least five posts (spec/nexus.md 1.6).
   * The score counts those one follows who follow them, and a tenth of those at two follows who do.
   */
  recommended(user: PublicKeyZ32, p: Page): Promise<Scored[]>
  /**
   * (tags given to posts + posts) × √followers, above zero, best first, then by key. Within a
   * reach followers of all times count, else those won in the window.
   */
  influencers(
    o: { window: Window; within?: { user: PublicKeyZ32; reach: Reach } } & Page,
  ): Promise<Scored[]>
  /** Labels on posts by distinct posts tagged, then by label; within a reach only its taggers count. */
  hotTags(
    o: {
      window: Window
      within?: { user: PublicKeyZ32; reach: Reach }
      taggersLimit: number
    } & Page,
  ): Promise<HotLabel[]>
  /**
   * Labels that people within `depth` follows of the viewer gave, the viewer left out, by taggers,
   * then by label. With a label the page is one of its taggers, latest first.
   */
  trustedTaggers(
    viewer: PublicKeyZ32,
    target: PublicKeyZ32 | PostKey,
    depth: 1 | 2 | 3,
    label: Label | null,
    p: Page,
  ): Promise<TrustedLabel[]>
  /** A shortest chain of follows, both ends included; null when there is none of `maxDepth` hops. */
  path(from: PublicKeyZ32, to: PublicKeyZ32, maxDepth: number): Promise<PublicKeyZ32[] | null>
}

/** Posts somebody must have written to be recommended (spec/nexus.md 1.6). */
export const RECOMMENDED_MIN_POSTS = 5
/** What a follower at two hops counts in a recommendation. */
export const FAR_FOLLOWER_SCORE = 0.1
/** How many people one hop of a web of trust is followed on from, newest edges first. */
export const MAX_HOP = 10_000
/** No chain of follows is looked for beyond so many hops, nor among more people. */
export const MAX_PATH_DEPTH = 8
export const MAX_PATH_PEOPLE = 100_000
