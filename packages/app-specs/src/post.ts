import * as v from 'valibot'
import { checkCollection } from './collection.ts'
import { refuse } from './errors.ts'
import { optional, shape } from './json.ts'
import { DELETED, LIMITS } from './limits.ts'
import { hasAttachmentProtocol, parseUrl, sanitizeUrl, scalarLength, trim } from './text.ts'
import { POST_KINDS, type Post, type PostKind } from './types.ts'

export function toPostKind(word: string): PostKind {
  return POST_KINDS.find((kind) => kind === word) ?? 'unknown'
}

export const kindSchema = v.pipe(v.string(), v.transform(toPostKind))

const schema = v.object({
  content: v.string(),
  kind: kindSchema,
  parent: optional(v.string()),
  embed: optional(v.object({ kind: kindSchema, uri: v.string() })),
  attachments: optional(v.array(v.string())),
  lock: optional(v.string()),
})

function sanitize(raw: v.InferOutput<typeof schema>): Post {
  const { content, kind, parent, embed, attachments, lock } = raw
  return {
    content: trim(content),
    kind,
    parent: parent === null ? null : sanitizeUrl(parent),
    embed: embed === null ? null : { kind: embed.kind, uri: sanitizeUrl(embed.uri) },
    attachments: attachments?.map(sanitizeUrl) ?? null,
    lock: lock === null ? null : sanitizeUrl(lock),
  }
}

function checkLock(lock: string): void {
  const url = parseUrl(lock)
  if (lock === '') refuse('empty', 'lock', 'Lock URI cannot be empty')
  if (scalarLength(lock) > LIMITS.postLockMaxLength)
    refuse('too_long', 'lock', 'Lock URI exceeds maximum length')
  if (url?.protocol !== 'pubky:' || !url.hostname)
    refuse('invalid_url', 'lock', `Invalid lock URI format: ${lock}`)
}

const LENGTH_NAMES = { short: 'Short', long: 'Long' } as const

function checkContentLength(content: string, kind: PostKind): void {
  const max = kind === 'long' ? LIMITS.postLongContentMaxLength : LIMITS.postShortContentMaxLength
  if (scalarLength(content) <= max) return
  const name = kind === 'short' || kind === 'long' ? LENGTH_NAMES[kind] : 'Image/Video/Link/File'
  const text = `Post content exceeds maximum length for ${name} kind (max: ${max} characters)`
  refuse('too_long', 'content', text)
}

function checkAttachments(attachments: readonly string[]): void {
  const { postAttachmentsMaxCount: most, postAttachmentUrlMaxLength: longest } = LIMITS
  if (attachments.length > most)
    refuse('too_many', 'attachments', `Too many attachments (max: ${most})`)
  attachments.forEach((attachment, index) => {
    const field = `attachments.${index}`
    if (trim(attachment) === '')
      refuse('empty', field, `Attachment URL at index ${index} cannot be empty`)
    if (scalarLength(attachment) > longest) {
      const text = `Attachment URL at index ${index} exceeds maximum length (max: ${longest} characters)`
      refuse('too_long', field, text)
    }
    const url = parseUrl(attachment)
    if (!url) refuse('invalid_url', field, `Invalid attachment URL format at index ${index}`)
    else if (!hasAttachmentProtocol(url)) {
      const text = `Attachment URL at index ${index} must use one of the allowed protocols: pubky://, http://, https://`
      refuse('invalid_protocol', field, text)
    }
  })
}

/** spec/data-model.md 6.2, the rules of 0.8.0. `embed.kind` is the writer's word: do not trust it. */
export function parsePost(json: unknown): Post {
  const post = sanitize(shape(schema, json))
  const { content, kind, parent, embed, attachments, lock } = post
  if (content === '' && embed === null && attachments === null)
    refuse('empty', 'content', 'Post must have content, an embed, or attachments')
  if (content === DELETED)
    refuse('deleted_keyword', 'content', `Content cannot be the reserved keyword '${DELETED}'`)
  if (kind === 'unknown') refuse('unknown_kind', 'kind', 'post kind is unknown')
  if (embed?.kind === 'unknown') refuse('unknown_kind', 'embed.kind', 'embed kind is unknown')
  if (lock !== null) checkLock(lock)
  if (kind === 'collection') {
    checkCollection(post)
    return post
  }
  checkContentLength(content, kind)
  if (parent !== null && !parseUrl(parent))
    refuse('invalid_url', 'parent', `Invalid parent URI format: ${parent}`)
  if (embed !== null && !parseUrl(embed.uri))
    refuse('invalid_url', 'embed.uri', `Invalid embed URI format: ${embed.uri}`)
  checkAttachments(attachments ?? [])
  return post
}

/** The members in the order in which other implementations write them; `lock` only when set. */
export function postJson(post: Post): unknown {
  const { content, kind, parent, embed, attachments, lock } = post
  const base = {
    content,
    kind,
    parent,
    embed: embed && { kind: embed.kind, uri: embed.uri },
    attachments,
  }
  return lock === null ? base : { ...base, lock }
}
