import { LoadRefusal } from './refusal.ts'

/** One line of a file in the format of `packages/testkit/data/README.md`. `at` is in milliseconds. */
export type Line =
  | { op: 'profile'; user: string; name: string; bio: string }
  | { op: 'follow'; user: string; target: string; at: number | null }
  | PostLine
  | { op: 'tag'; user: string; label: string; on: TagTarget; at: number | null }
  | { op: 'bookmark'; user: string; post: string; at: number | null }

export interface PostLine {
  op: 'post'
  user: string
  post: string
  kind: string
  content: string
  replyTo: string | null
  repostOf: string | null
  at: number | null
}

/** Handle of a post or of a person. */
export type TagTarget = { post: string } | { profile: string }

export const OPS = ['profile', 'follow', 'post', 'tag', 'bookmark'] as const
export type Op = (typeof OPS)[number]

/** Handles are names inside one file; the bound keeps state files small. */
const HANDLE = /^[\p{L}\p{N}_.-]{1,100}$/u
/** Milliseconds whose microseconds are still exact numbers. */
const MAX_AT_MS = Number.MAX_SAFE_INTEGER / 1000

type Members = Readonly<Record<string, unknown>>

function text(members: Members, field: string): string {
  const value = members[field]
  if (typeof value !== 'string') throw new LoadRefusal('invalid_shape', field, 'must be a text')
  if (!value.isWellFormed()) throw new LoadRefusal('invalid_shape', field, 'holds a lone surrogate')
  return value
}

function handle(members: Members, field: string): string {
  const value = text(members, field)
  if (!HANDLE.test(value)) throw new LoadRefusal('invalid_shape', field, 'must be a handle')
  return value
}

function optionalHandle(members: Members, field: string): string | null {
  return members[field] === undefined || members[field] === null ? null : handle(members, field)
}

function time(members: Members): number | null {
  const { at } = members
  if (at === undefined || at === null) return null
  if (typeof at !== 'number' || !Number.isInteger(at) || Math.abs(at) > MAX_AT_MS)
    throw new LoadRefusal('invalid_shape', 'at', 'must be whole milliseconds or null')
  return at
}

function target(members: Members): TagTarget {
  const post = optionalHandle(members, 'post')
  const profile = optionalHandle(members, 'profile')
  if (post !== null && profile === null) return { post }
  if (profile !== null && post === null) return { profile }
  throw new LoadRefusal('invalid_shape', 'post', 'a tag is on a post or on a profile')
}

function parseMembers(raw: string): Members {
  let value: unknown
  try {
    value = JSON.parse(raw)
  } catch {
    throw new LoadRefusal('invalid_json', null, 'not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LoadRefusal('invalid_shape', null, 'not an object')
  return value as Members
}

/** Reads one line; throws `LoadRefusal` that names the field at fault. */
export function parseLine(raw: string): Line {
  const m = parseMembers(raw)
  switch (m.op) {
    case 'profile':
      return { op: m.op, user: handle(m, 'user'), name: text(m, 'name'), bio: text(m, 'bio') }
    case 'follow':
      return { op: m.op, user: handle(m, 'user'), target: handle(m, 'target'), at: time(m) }
    case 'post':
      return {
        op: m.op,
        user: handle(m, 'user'),
        post: handle(m, 'post'),
        kind: text(m, 'kind'),
        content: text(m, 'content'),
        replyTo: optionalHandle(m, 'reply_to'),
        repostOf: optionalHandle(m, 'repost_of'),
        at: time(m),
      }
    case 'tag':
      return {
        op: m.op,
        user: handle(m, 'user'),
        label: text(m, 'label'),
        on: target(m),
        at: time(m),
      }
    case 'bookmark':
      return { op: m.op, user: handle(m, 'user'), post: handle(m, 'post'), at: time(m) }
    default:
      throw new LoadRefusal('unknown_op', 'op', `must be one of ${OPS.join(', ')}`)
  }
}
