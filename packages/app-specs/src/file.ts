import * as v from 'valibot'
import { refuse } from './errors.ts'
import { integer, shape } from './json.ts'
import { LIMITS } from './limits.ts'
import { parseUrl, scalarLength, trim } from './text.ts'
import type { FileMeta } from './types.ts'

/** Media types a file may have (spec/data-model.md 6.8). */
export const FILE_TYPES: ReadonlySet<string> = new Set([
  'application/javascript',
  'application/json',
  'application/octet-stream',
  'application/pdf',
  'application/x-www-form-urlencoded',
  'application/xml',
  'application/zip',
  'audio/mpeg',
  'audio/wav',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/svg+xml',
  'image/webp',
  'multipart/form-data',
  'text/css',
  'text/html',
  'text/plain',
  'text/xml',
  'video/mp4',
  'video/mpeg',
])

const schema = v.object({
  name: v.string(),
  created_at: integer,
  src: v.string(),
  content_type: v.string(),
  size: v.pipe(integer, v.minValue(0)),
})

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const MEDIA_TYPE = new RegExp(
  `^(${TOKEN}/${TOKEN})(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[^"\\\\]*"))*[ \\t]*;?$`,
)

function isAllowedType(contentType: string): boolean {
  if (contentType.length > 255) return false
  const essence = MEDIA_TYPE.exec(contentType)?.[1]
  return essence !== undefined && FILE_TYPES.has(essence.toLowerCase())
}

function sanitizeSrc(raw: string): string {
  const cut = [...trim(raw)].slice(0, LIMITS.fileSrcMaxLength).join('')
  return parseUrl(cut) ? cut : ''
}

/** Metadata of an upload; `src` is normally the address of a blob, but any URL passes. */
export function parseFile(json: unknown): FileMeta {
  const raw = shape(schema, json)
  const name = trim(raw.name)
  const src = sanitizeSrc(raw.src)
  const contentType = trim(raw.content_type)
  if (raw.size === 0) refuse('empty', 'size', 'File size cannot be zero')
  if (raw.size > LIMITS.maxFileSizeBytes)
    refuse('too_large', 'size', 'File size exceeds maximum limit of 100MB')
  if (name === '') refuse('too_short', 'name', 'Invalid name length')
  if (scalarLength(name) > LIMITS.fileNameMaxLength)
    refuse('too_long', 'name', 'Invalid name length')
  if (src === '') refuse('invalid_url', 'src', 'Invalid src')
  if (!isAllowedType(contentType))
    refuse('invalid_content_type', 'content_type', 'Invalid content type')
  return { name, createdAt: raw.created_at, src, contentType, size: raw.size }
}

export function fileJson({ name, createdAt, src, contentType, size }: FileMeta): unknown {
  return { name, created_at: createdAt, src, content_type: contentType, size }
}

/** Length of a blob in bytes. */
export function checkBlobSize(size: number): void {
  if (size === 0) refuse('empty', null, 'Blob size cannot be zero')
  if (size > LIMITS.maxBlobSizeBytes)
    refuse('too_large', null, 'Blob size exceeds maximum limit of 100MB')
}
