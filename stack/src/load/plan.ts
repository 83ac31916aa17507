import {
  type Built,
  buildBookmark,
  buildFollow,
  buildPost,
  buildProfile,
  buildTag,
  type PostId,
  type PostKey,
  type PostKind,
  postUri,
  profileUri,
  SpecsError,
  toPostKind,
} from '@pubky/app-specs'
import { type Micros, type PublicKeyZ32, toMicros } from '@pubky/protocol'
import { type Line, OPS, type Op, type PostLine, parseLine } from './line.ts'
import type { Operation } from './play.ts'
import { LoadRefusal, type Refusal } from './refusal.ts'

/** What the handles of a file stand for. Both give the same answer for the same handle. */
export interface Names {
  key(person: string): PublicKeyZ32
  /** Asked once per post, in the order of the file. */
  postId(post: string): PostId
  /** Stands in for creation times that are null. */
  readonly now: Micros
}

/** `written` lines become objects; `repeated` ones would write an object again. */
export interface OpCount {
  written: number
  repeated: number
  refused: number
}

export interface Plan {
  /** Everybody who gets an account, and on which line; a refused profile leaves only its name out. */
  readonly people: ReadonlyMap<string, number>
  readonly operations: readonly Operation[]
  readonly posts: ReadonlyMap<string, PostId>
  readonly refused: readonly Refusal[]
  readonly counts: Readonly<Record<Op, OpCount>>
  readonly lines: number
}

interface KnownPost {
  key: PostKey
  kind: PostKind
  operation: number
}

function missing(field: string, what: string): never {
  throw new LoadRefusal('missing_reference', field, `${what} was refused or has not appeared`)
}

function createPlanner(names: Names) {
  const people = new Map<string, number>()
  /** Operation of each accepted profile. */
  const profiles = new Map<string, number>()
  const posts = new Map<string, KnownPost>()

  function profileOf(handle: string, field: string): { key: PublicKeyZ32; operation: number } {
    const operation = profiles.get(handle)
    return operation === undefined ? missing(field, handle) : { key: names.key(handle), operation }
  }

  function postOf(handle: string, field: string): KnownPost {
    return posts.get(handle) ?? missing(field, handle)
  }

  const at = (ms: number | null) => (ms === null ? names.now : toMicros(BigInt(ms) * 1000n))

  function withKeys(content: string): string {
    return content.replaceAll(/\{([\p{L}\p{N}_.-]{1,100})\}/gu, (whole, handle: string) =>
      people.has(handle) ? names.key(handle) : whole,
    )
  }

  function planPost(line: PostLine, operation: number): { built: Built<unknown>; after: number[] } {
    if (posts.has(line.post)) throw new LoadRefusal('duplicate', 'post', `${line.post} again`)
    const parent = line.replyTo === null ? null : postOf(line.replyTo, 'reply_to')
    const reposted = line.repostOf === null ? null : postOf(line.repostOf, 'repost_of')
    const kind = toPostKind(line.kind)
    const draft = {
      content: withKeys(line.content),
      kind,
      parent: parent && postUri(parent.key),
      embed: reposted && { kind: reposted.kind, uri: postUri(reposted.key) },
    }
    const id = names.postId(line.post)
    const built = buildPost(draft, id)
    posts.set(line.post, { key: { author: names.key(line.user), id }, kind, operation })
    return { built, after: [parent, reposted].flatMap((post) => (post ? [post.operation] : [])) }
  }

  function plan(line: Line, operation: number): { built: Built<unknown>; after: number[] } {
    // A refused profile leaves a person without a name, not without an account.
    if (line.op !== 'profile' && !people.has(line.user)) missing('user', line.user)
    switch (line.op) {
      case 'profile': {
        if (people.has(line.user)) throw new LoadRefusal('duplicate', 'user', `${line.user} again`)
        people.set(line.user, operation)
        const built = buildProfile({ name: line.name, bio: line.bio })
        profiles.set(line.user, operation)
        return { built, after: [] }
      }
      case 'follow': {
        const target = profileOf(line.target, 'target')
        return { built: buildFollow(target.key, at(line.at)), after: [target.operation] }
      }
      case 'post':
        return planPost(line, operation)
      case 'tag': {
        const [uri, after] =
          'post' in line.on
            ? [postUri(postOf(line.on.post, 'post').key), postOf(line.on.post, 'post').operation]
            : [
                profileUri(profileOf(line.on.profile, 'profile').key),
                profileOf(line.on.profile, 'profile').operation,
              ]
        return { built: buildTag(uri, line.label, at(line.at)), after: [after] }
      }
      case 'bookmark': {
        const post = postOf(line.post, 'post')
        return { built: buildBookmark(postUri(post.key), at(line.at)), after: [post.operation] }
      }
    }
  }

  return { plan, people, posts }
}

function toRefusal(error: unknown, line: number, op: string | null): Refusal {
  if (error instanceof LoadRefusal || error instanceof SpecsError)
    return { line, op, field: error.field, code: error.code, reason: error.message }
  throw error
}

/**
 * Decides what a file writes: one operation for each object, in the order of the lines, and a refusal
 * for each line that breaks the data model. Nothing is sent. Empty lines are passed over.
 */
export function planLoad(lines: Iterable<string>, names: Names): Plan {
  const { plan, people, posts } = createPlanner(names)
  const operations: Operation[] = []
  const refused: Refusal[] = []
  const written = new Set<string>()
  const counts = Object.fromEntries(
    OPS.map((op): [Op, OpCount] => [op, { written: 0, repeated: 0, refused: 0 }]),
  ) as Record<Op, OpCount>
  let number = 0
  let count = 0
  for (const raw of lines) {
    number += 1
    if (raw.trim() === '') continue
    count += 1
    let op: Op | null = null
    try {
      const line = parseLine(raw)
      op = line.op
      const { built, after } = plan(line, number)
      const { path, body } = built
      const object = `${line.user}${path}`
      counts[op][written.has(object) ? 'repeated' : 'written'] += 1
      if (written.has(object)) continue
      written.add(object)
      operations.push({ id: number, author: line.user, path, body, after })
    } catch (error) {
      refused.push(toRefusal(error, number, op))
      if (op) counts[op].refused += 1
    }
  }
  const ids = [...posts].map(([handle, { key }]): [string, PostId] => [handle, key.id])
  return { people, operations, posts: new Map(ids), refused, counts, lines: count }
}
