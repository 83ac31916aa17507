import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The real social graph of `data/README.md`. */
export const SAMPLE_FILE = join(import.meta.dirname, '../data/social-sample.jsonl')

export function sampleLines(): string[] {
  return readFileSync(SAMPLE_FILE, 'utf8').split('\n').filter(Boolean)
}

function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** What a part of the people said about each other; some of it refers to posts that are left out. */
export function sampleOf(lines: readonly string[], share: number, seed: number): string[] {
  const random = randomFrom(seed)
  const chosen = new Map<string, boolean>()
  const isIn = (who: unknown) => {
    const known = chosen.get(String(who)) ?? random() < share
    chosen.set(String(who), known)
    return known
  }
  return lines.filter((line) => {
    const { user, target = user, profile = user } = JSON.parse(line)
    return [user, target, profile].map(isIn).every(Boolean)
  })
}

export interface ExpectedUser {
  posts: number
  replies: number
  tagged: number
  tags: number
  unique_tags: number
  following: number
  followers: number
  friends: number
  bookmarks: number
}

export interface ExpectedPost {
  tags: number
  unique_tags: number
  replies: number
  reposts: number
}

/**
 * The counts that a file leaves behind, by handle, from the lines that were not refused: written apart
 * from the loader and by sets alone, so that both can be compared.
 */
export function expectedCounts(lines: readonly string[], refused: ReadonlySet<number>) {
  const kept = lines.filter((_, index) => !refused.has(index + 1)).map((line) => JSON.parse(line))
  const of = (op: string) => kept.filter((line) => line.op === op)
  const distinct = (items: unknown[][]) =>
    [...new Set(items.map((item) => JSON.stringify(item)))].map((text): string[] =>
      JSON.parse(text),
    )
  const follows = distinct(of('follow').map((line) => [line.user, line.target]))
  const tags = distinct(
    of('tag').map((line) => [
      line.user,
      line.label.trim().toLowerCase(),
      line.post ?? '',
      line.profile ?? '',
    ]),
  )
  const bookmarks = distinct(of('bookmark').map((line) => [line.user, line.post]))
  const posts = of('post')
  const pairs = new Set(follows.map((pair) => pair.join()))

  const users = new Map<string, ExpectedUser>()
  for (const { user } of of('profile')) {
    const own = posts.filter((post) => post.user === user)
    const received = tags.filter(([, , , profile]) => profile === user)
    const following = follows.filter(([by]) => by === user)
    users.set(user, {
      posts: own.length,
      replies: own.filter((post) => post.reply_to).length,
      tagged: tags.filter(([by]) => by === user).length,
      tags: received.length,
      unique_tags: new Set(received.map(([, label]) => label)).size,
      following: following.length,
      followers: follows.filter(([, target]) => target === user).length,
      friends: following.filter(([by, target]) => pairs.has([target, by].join())).length,
      bookmarks: bookmarks.filter(([by]) => by === user).length,
    })
  }
  const byPost = new Map<string, ExpectedPost & { author: string }>()
  for (const { post, user } of posts) {
    const received = tags.filter(([, , on]) => on === post)
    byPost.set(post, {
      author: user,
      tags: received.length,
      unique_tags: new Set(received.map(([, label]) => label)).size,
      replies: posts.filter((other) => other.reply_to === post).length,
      reposts: posts.filter((other) => other.repost_of === post).length,
    })
  }
  return {
    users,
    posts: byPost,
    tags: tags.length,
    bookmarks: bookmarks.length,
    follows: follows.length,
  }
}
