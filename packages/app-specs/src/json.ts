import { fromUtf8, utf8 } from '@pubky/protocol/bytes'
import * as v from 'valibot'
import { SpecsError } from './errors.ts'

function clean(value: unknown): unknown {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new SyntaxError('lone surrogate')
    // PostgreSQL cannot keep U+0000 in a text; it is shown as the replacement character.
    return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
  }
  if (Array.isArray(value)) return value.map(clean)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]))
  return value
}

function toError(cause: unknown): SpecsError {
  const reason = cause instanceof Error ? cause.message : 'unreadable'
  return new SpecsError('invalid_json', null, `Error parsing object: ${reason}`, cause)
}

/** Parses UTF-8 JSON of a homeserver body. A byte-order mark or a lone surrogate is refused. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return clean(JSON.parse(fromUtf8(body)))
  } catch (cause) {
    throw toError(cause)
  }
}

export function parseJsonText(text: string): unknown {
  try {
    return clean(JSON.parse(text))
  } catch (cause) {
    throw toError(cause)
  }
}

/** Gives the value its type, or names the member that has another. */
export function shape<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  const field = v.getDotPath(issue)
  throw new SpecsError(
    'invalid_shape',
    field,
    `Error parsing object: ${field ?? 'object'}: ${issue.message}`,
  )
}

/** An optional member: missing and null mean the same (spec/data-model.md 3.2). */
export function optional<S extends v.GenericSchema>(schema: S) {
  return v.optional(v.nullable(schema, null), null)
}

export const integer = v.pipe(v.number(), v.integer())

export function toBody(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value))
}
