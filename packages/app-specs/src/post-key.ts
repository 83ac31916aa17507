import { isPublicKeyText } from '@pubky/protocol/z32'
import { SpecsError } from './errors.ts'
import { isTimestampId } from './ids.ts'
import type { PostKey } from './types.ts'

/** `author:id`, the name of a post in streams and indexes. */
export function postKeyText(key: PostKey): string {
  return `${key.author}:${key.id}`
}

/** Reads `author:id`; checks the form of both parts, not whether the key is a real one. */
export function parsePostKey(text: string): PostKey {
  const author = text.slice(0, 52)
  const id = text.slice(53)
  if (text.charAt(52) !== ':' || !isPublicKeyText(author) || !isTimestampId(id))
    throw new SpecsError('invalid_id', null, `not a post key: ${text.slice(0, 80)}`)
  return { author, id }
}
