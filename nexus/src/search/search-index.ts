import type { Label, PostKey } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Page, Scored, Window } from '../graph/social-graph.ts'

/** What can be found. `tags` are the labels it carries, each with the number of its taggers. */
export type SearchDoc =
  | { kind: 'user'; key: string; user: PublicKeyZ32; name: string; bio: string; tags: LabelCount[] }
  | {
      kind: 'post'
      key: string
      post: PostKey
      text: string
      postKind: string
      tags: LabelCount[]
      atMs: number
    }

export interface LabelCount {
  label: Label
  taggers: number
}

export interface PostQuery {
  text: string
  author?: PublicKeyZ32
  kind?: string
  tag?: Label
  window?: Window
}

/** Full text, names and labels. One contract suite holds for every adapter. */
export interface SearchIndex extends AsyncDisposable {
  reset(): Promise<void>
  position(): Promise<bigint>
  /** Documents and position together; at or below the stored position it does nothing. */
  apply(batch: {
    position: bigint
    put: readonly SearchDoc[]
    remove: readonly string[]
  }): Promise<void>
  /** What was applied can be found when it resolves. */
  settled(o?: { signal?: AbortSignal }): Promise<void>
  /**
   * Posts that contain all words, best first, then newest. Words may have a typing error (none up
   * to 4 letters, one up to 8, else two), the last one may be unfinished.
   */
  posts(q: PostQuery & Page): Promise<{ post: PostKey; score: number }[]>
  /** By lower-cased name, then key; or by key. */
  users(q: { namePrefix: string } | { idPrefix: string }, p: Page): Promise<PublicKeyZ32[]>
  /** People by the taggers of any of these labels on their profiles, then by key, descending. */
  usersByTags(labels: readonly Label[], p: Page): Promise<Scored[]>
  /** Labels in use that begin so, in the order of their bytes. */
  labels(prefix: string, p: Page): Promise<Label[]>
}

/** Longer texts are cut before their words are taken. */
export const MAX_TEXT_CHARS = 50_000
/** More words than this are left out of a query. */
export const MAX_QUERY_WORDS = 16
/** Longer words are cut. */
export const MAX_WORD_CHARS = 64

// Scripts without spaces between words are searched by their characters.
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}]+?(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\p{L}\p{N}\p{M}]|$)/gu

/** Letters and digits of a text in lower case; everything else separates (spec/nexus.md 1.10). */
export function wordsOf(text: string): string[] {
  const words = text.slice(0, MAX_TEXT_CHARS).normalize('NFC').toLowerCase().match(WORD) ?? []
  return words.map((word) => [...word].slice(0, MAX_WORD_CHARS).join(''))
}

/** Typing errors that are forgiven in a word of so many characters. */
export function typosFor(length: number): 0 | 1 | 2 {
  return length <= 4 ? 0 : length <= 8 ? 1 : 2
}
