import * as v from 'valibot'
import { refuse } from './errors.ts'
import { integer, shape } from './json.ts'
import { LIMITS } from './limits.ts'
import { hasWhiteSpace, parseUrl, scalarLength, trim } from './text.ts'
import type { Label, Tag } from './types.ts'

const schema = v.object({ uri: v.string(), label: v.string(), created_at: integer })

export function sanitizeLabel(text: string): string {
  return trim(text).toLowerCase()
}

/** Trims, lower-cases and checks a label (spec/data-model.md 6.4). */
export function parseLabel(text: string, field = 'label'): Label {
  const label = sanitizeLabel(text)
  const length = scalarLength(label)
  if (length > LIMITS.tagLabelMaxLength)
    refuse('too_long', field, `Tag '${label}' exceeds maximum length of 20 characters`)
  if (length < 1)
    refuse('too_short', field, `Tag '${label}' is shorter than minimum length of 1 character`)
  if (hasWhiteSpace(label))
    refuse('invalid_character', field, `Tag '${label}' contains whitespace characters`)
  const bad = /[,:]/.exec(label)?.[0]
  if (bad) refuse('invalid_character', field, `Tag '${label}' contains invalid character: ${bad}`)
  return label as Label
}

/** What the id of a tag is made from. */
export function tagIdInput(tag: { uri: string; label: string }): string {
  return `${tag.uri}:${tag.label}`
}

/** `checkId` sees the sanitised tag before anything else is judged, as the reference does. */
export function parseTag(json: unknown, checkId: (input: string) => void): Tag {
  const raw = shape(schema, json)
  const uri = parseUrl(raw.uri)?.href ?? trim(raw.uri)
  checkId(tagIdInput({ uri, label: sanitizeLabel(raw.label) }))
  const label = parseLabel(raw.label)
  if (!parseUrl(uri)) refuse('invalid_url', 'uri', `Invalid URI format: ${uri}`)
  return { uri, label, createdAt: raw.created_at }
}

export function tagJson({ uri, label, createdAt }: Tag): unknown {
  return { uri, label, created_at: createdAt }
}
