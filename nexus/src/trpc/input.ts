import { isTimestampId, LIMITS, POST_KINDS, scalarLength } from '@pubky/app-specs'
import { isPublicKey } from '@pubky/protocol'
import * as v from 'valibot'
import { TIMEFRAMES, USER_SOURCES } from '../read/user-streams.ts'

export const user = v.pipe(v.string(), v.check(isPublicKey, 'not a public key'))
export const post = v.pipe(v.string(), v.check(isTimestampId, 'not a post id'))
export const postKey = v.pipe(
  v.string(),
  v.check(
    (text) =>
      text.charAt(52) === ':' && isPublicKey(text.slice(0, 52)) && isTimestampId(text.slice(53)),
    'not a post key',
  ),
)
export const label = v.pipe(
  v.string(),
  v.transform((text) => text.trim().toLowerCase()),
  v.check((text) => text !== '' && scalarLength(text) <= LIMITS.tagLabelMaxLength, 'not a label'),
)
export const viewer = v.optional(user)

export function limit(normal: number, max: number) {
  return v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max)), normal)
}

export const skip = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000)),
  0,
)
export const cursor = v.optional(v.nullable(v.pipe(v.string(), v.maxLength(400))))
export const timeframe = v.optional(v.picklist(TIMEFRAMES), 'all_time')
export const reach = v.optional(
  v.picklist(['followers', 'following', 'friends', 'wot', 'wot_1', 'wot_2', 'wot_3']),
)
export const userSource = v.picklist(USER_SOURCES)
export const kinds = v.optional(v.pipe(v.array(v.picklist(POST_KINDS)), v.maxLength(7)))
export const labels = v.optional(v.pipe(v.array(label), v.minLength(1), v.maxLength(5)))

export function list<S extends v.GenericSchema<string, string>>(item: S) {
  return v.pipe(v.array(item), v.maxLength(100))
}

/** An opaque place in a list: base64url of JSON. */
export function encodeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Null for a cursor that is not of this form: such a list starts from the beginning. */
export function decodeCursor<S extends v.GenericSchema>(
  schema: S,
  text: string | null | undefined,
): v.InferOutput<S> | null {
  if (!text) return null
  try {
    const result = v.safeParse(schema, JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
    return result.success ? result.output : null
  } catch {
    return null
  }
}
