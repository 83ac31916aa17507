import * as v from 'valibot'
import { refuse } from './errors.ts'
import { integer, shape } from './json.ts'
import { parseUrl } from './text.ts'
import type { Bookmark, Edge, LastRead } from './types.ts'

const edgeSchema = v.object({ created_at: integer })
const bookmarkSchema = v.object({ uri: v.string(), created_at: integer })
const lastReadSchema = v.object({ timestamp: integer })

/** Follow or mute: the path names whom (spec/data-model.md 6.6, 6.7). */
export function parseEdge(json: unknown): Edge {
  return { createdAt: shape(edgeSchema, json).created_at }
}

export function edgeJson({ createdAt }: Edge): unknown {
  return { created_at: createdAt }
}

/** The address is kept as it stands: its bytes make the id (spec/data-model.md 6.5). */
export function parseBookmark(json: unknown, checkId: (input: string) => void): Bookmark {
  const { uri, created_at: createdAt } = shape(bookmarkSchema, json)
  checkId(uri)
  if (!parseUrl(uri)) refuse('invalid_url', 'uri', `Invalid URI format: ${uri}`)
  return { uri, createdAt }
}

export function bookmarkJson({ uri, createdAt }: Bookmark): unknown {
  return { uri, created_at: createdAt }
}

/** spec/data-model.md 6.11 */
export function parseLastRead(json: unknown): LastRead {
  const value = shape(lastReadSchema, json)
  if (value.timestamp <= 0)
    refuse('out_of_range', 'timestamp', 'Timestamp must be a positive integer')
  return value
}
