import { isTimestampId, POST_KINDS, parseLabel, SpecsError } from '@pubky/app-specs'
import { isPublicKey } from '@pubky/protocol'
import { refusals } from '../errors.ts'
import type { Reach } from '../graph/social-graph.ts'
import { TIMEFRAMES, type Timeframe } from '../read/user-streams.ts'

/** Parameters of a query, as the framework gives them: a key given twice is a list. */
export type Query = Readonly<Record<string, unknown>>

function bad(message: string): never {
  throw refusals.invalidInput(message)
}

export function one(query: Query, name: string): string | undefined {
  const value = query[name]
  if (value === undefined) return undefined
  return typeof value === 'string' ? value : bad(`duplicate field \`${name}\``)
}

export function userId(value: string | undefined): string | undefined {
  if (value === undefined || isPublicKey(value)) return value
  return bad(`Validation Error: invalid public key: ${value.slice(0, 80)}`)
}

export function requiredUser(value: string): string {
  return userId(value) ?? bad('missing user id')
}

export function postId(value: string | undefined): string | undefined {
  if (value === undefined || isTimestampId(value)) return value
  return bad(`Validation Error: Invalid ID length: must be 13 characters: ${value.slice(0, 80)}`)
}

export function requiredPost(value: string): string {
  return postId(value) ?? bad('missing post id')
}

export function label(value: string): string {
  try {
    return parseLabel(value)
  } catch (error) {
    if (error instanceof SpecsError) return bad(error.message)
    throw error
  }
}

function items(value: string, max: number): string[] {
  const parts = value.split(',')
  if (value === '' || parts.length < 1) bad('At least 1 item(s) required')
  if (parts.length > max) bad(`Maximum ${max} items allowed`)
  return parts
}

export function labels(value: string | undefined): string[] | undefined {
  return value === undefined ? undefined : items(value, 5).map(label)
}

export function kinds(value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const found = items(value, 7).map((word) => {
    const kind = word.trim().toLowerCase()
    return POST_KINDS.find((one) => one === kind) ?? bad(`unknown post kind: ${word.slice(0, 40)}`)
  })
  return [...new Set(found)]
}

export function integer(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value)) bad(`invalid ${name}`)
  return Number(value)
}

export function limit(query: Query, normal: number, max: number, name = 'limit'): number {
  const value = integer(one(query, name), name) ?? normal
  if (value < 1) bad(`${name} must be at least 1`)
  if (value > max) bad(`${name} exceeds maximum of ${max}`)
  return value
}

export function skip(query: Query, max = 10_000, name = 'skip'): number {
  const value = integer(one(query, name), name) ?? 0
  if (value > max) bad(`${name} exceeds maximum of ${max}`)
  return value
}

export function score(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(number)) bad(`invalid ${name}`)
  return Math.min(Math.max(number, -9e15), 9e15)
}

export function flag(query: Query, name: string): boolean {
  const value = one(query, name)
  if (value === undefined || value === 'false') return false
  return value === 'true' ? true : bad(`${name}: provided string was not \`true\` or \`false\``)
}

export function word<T extends string>(
  value: string | undefined,
  of: readonly T[],
  name: string,
): T | undefined {
  if (value === undefined) return undefined
  return (
    of.find((one) => one === value) ?? bad(`unknown variant \`${value.slice(0, 40)}\` of ${name}`)
  )
}

export function timeframe(query: Query): Timeframe {
  return word(one(query, 'timeframe'), TIMEFRAMES, 'timeframe') ?? 'all_time'
}

const REACHES: Readonly<Record<string, Reach>> = {
  followers: { kind: 'followers' },
  following: { kind: 'following' },
  friends: { kind: 'friends' },
  wot: { kind: 'wot', depth: 2 },
  wot_1: { kind: 'wot', depth: 1 },
  wot_2: { kind: 'wot', depth: 2 },
  wot_3: { kind: 'wot', depth: 3 },
}

export function reach(value: string | undefined): Reach | undefined {
  if (value === undefined) return undefined
  return (
    (Object.hasOwn(REACHES, value) ? REACHES[value] : undefined) ??
    bad(`unknown reach ${value.slice(0, 40)}`)
  )
}

/** `depth` of trust, which needs a viewer (spec/nexus.md 1.5). */
export function trustDepth(query: Query, viewer: string | undefined): 1 | 2 | 3 | undefined {
  const depth = integer(one(query, 'depth'), 'depth')
  if (depth === undefined) return undefined
  if (depth !== 1 && depth !== 2 && depth !== 3) return bad("'depth' must be between 1 and 3")
  if (viewer === undefined) return bad('`depth` requires `viewer_id`')
  return depth
}

export function bodyList(body: unknown, name: string): string[] {
  const list =
    body !== null && typeof body === 'object' ? (body as Record<string, unknown>)[name] : undefined
  if (!Array.isArray(list) || !list.every((item): item is string => typeof item === 'string'))
    return bad(`missing field \`${name}\``)
  if (list.length < 1) bad('At least 1 item(s) required')
  if (list.length > 100) bad('Maximum 100 items allowed')
  return list
}

export function bodyText(body: unknown, name: string): string | undefined {
  const value =
    body !== null && typeof body === 'object' ? (body as Record<string, unknown>)[name] : undefined
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : bad(`invalid type of \`${name}\``)
}
