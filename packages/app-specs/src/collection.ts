import * as v from 'valibot'
import { refuse, SpecsError } from './errors.ts'
import { isTimestampId } from './ids.ts'
import { optional, parseJsonText, shape } from './json.ts'
import { LIMITS } from './limits.ts'
import { hasAttachmentProtocol, parseUrl, scalarLength, trim } from './text.ts'
import type { Collection, Post } from './types.ts'
import { parseUserId } from './user-id.ts'

const schema = v.object({
  name: v.string(),
  description: optional(v.string()),
  items: v.optional(v.array(v.string()), []),
  cover_image: optional(v.string()),
  layout: optional(v.string()),
})

const ITEM = /^pubky:\/\/(.*?)\/pub\/pubky\.app\/posts\/(.*)$/s

function checkItem(item: string, index: number): void {
  const [, owner = '', id = ''] = ITEM.exec(item) ?? []
  try {
    parseUserId(owner, null)
    if (isTimestampId(id)) return
  } catch (error) {
    if (!(error instanceof SpecsError)) throw error
  }
  refuse('invalid_uri', `items.${index}`, `Collection item at index ${index}: not a post URI`)
}

function checkCover(cover: string): void {
  if (scalarLength(cover) > LIMITS.collectionCoverUrlMaxLength)
    refuse('too_long', 'cover_image', 'Collection cover_image URL exceeds 200 characters')
  const url = parseUrl(cover)
  if (!url) refuse('invalid_url', 'cover_image', 'Collection cover_image must be a valid URL')
  else if (!hasAttachmentProtocol(url)) {
    const text =
      'Collection cover_image must use one of the allowed protocols: pubky://, http://, https://'
    refuse('invalid_protocol', 'cover_image', text)
  }
}

function parseEnvelope(content: string): v.InferOutput<typeof schema> {
  try {
    return shape(schema, parseJsonText(content))
  } catch (error) {
    if (!(error instanceof SpecsError)) throw error
    const text = `Validation Error: Collection content must be a valid JSON envelope: ${error.message}`
    throw new SpecsError('invalid_json', 'content', text, error)
  }
}

/** Reads the envelope of a collection post and checks it (spec/data-model.md 6.3). */
export function parseCollection(content: string): Collection {
  if (scalarLength(content) > LIMITS.collectionContentMaxLength)
    refuse('too_long', 'content', 'Collection content exceeds max length 40000')
  const { name, description, items, cover_image: coverImage, layout } = parseEnvelope(content)
  if (trim(name) === '')
    refuse('empty', 'name', 'Collection name must contain non-whitespace characters')
  if (scalarLength(name) > LIMITS.collectionNameMaxLength)
    refuse('too_long', 'name', 'Collection name must be 1..=100 characters')
  if (description !== null && scalarLength(description) > LIMITS.collectionDescriptionMaxLength)
    refuse('too_long', 'description', 'Collection description exceeds 500 characters')
  if (coverImage !== null) checkCover(coverImage)
  if (items.length > LIMITS.collectionItemsMaxCount)
    refuse('too_many', 'items', 'Collection cannot have more than 100 items')
  items.forEach(checkItem)
  return { name, description, items, coverImage, layout }
}

export function checkCollection(post: Post): Collection {
  if (post.parent !== null || post.embed !== null) {
    const field = post.parent === null ? 'embed' : 'parent'
    refuse('not_allowed', field, 'Collection posts cannot have parent or embed')
  }
  if (post.attachments !== null)
    refuse('not_allowed', 'attachments', 'Collection posts cannot have attachments')
  return parseCollection(post.content)
}
