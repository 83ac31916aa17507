import { Readable } from 'node:stream'
import { BlobMissingError, type BlobStore } from '@pubky/server-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusals } from '../errors.ts'
import { fileOfUri, type StoredFile, storedFile } from '../read/files.ts'
import type { Reader } from '../read/reader.ts'
import * as p from '../rest/params.ts'
import { isShownInline, STORED_HEADERS } from './headers.ts'
import type { Variant, VariantStore } from './variants.ts'

interface FileRoute {
  Params: { owner_id: string; file_id: string; variant: string }
  Querystring: p.Query
}

const CACHE = 'public, max-age=3600'
const IMMUTABLE = 'public, max-age=31536000, immutable'
const VARIANT_WORDS = ['main', 'feed', 'small'] as const

function isImage(file: StoredFile): boolean {
  return file.contentType.toLowerCase().startsWith('image/')
}

function setName(reply: FastifyReply, name: string): void {
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_')
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  )
  reply.header('content-disposition', `attachment; filename="${plain}"; filename*=UTF-8''${exact}`)
}

/** `bytes=a-b` of one range; null means the whole, `unsatisfiable` 416. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | null | 'unsatisfiable' {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return null
  if (from === '') {
    const length = Number(to)
    return length === 0 ? 'unsatisfiable' : { start: Math.max(0, size - length), end: size }
  }
  const start = Number(from)
  const end = to === '' ? size : Math.min(Number(to) + 1, size)
  if (start >= size) return 'unsatisfiable'
  return end <= start ? null : { start, end }
}

async function sendMain(
  blobs: BlobStore,
  request: FastifyRequest,
  reply: FastifyReply,
  file: StoredFile,
) {
  const range = parseRange(request.headers.range, file.size)
  reply.header('accept-ranges', 'bytes')
  if (range === 'unsatisfiable')
    return reply.code(416).header('content-range', `bytes */${file.size}`).send()
  try {
    const web = await blobs.read(file.blobKey, range ?? {})
    const stream = Readable.fromWeb(web as Parameters<typeof Readable.fromWeb>[0])
    if (range) {
      reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${file.size}`)
      return reply
        .header('content-length', range.end - range.start)
        .type(file.contentType)
        .send(stream)
    }
    return reply.header('content-length', file.size).type(file.contentType).send(stream)
  } catch (error) {
    if (error instanceof BlobMissingError) throw refusals.fileNotFound()
    throw error
  }
}

async function sendVariant(
  variants: VariantStore,
  reply: FastifyReply,
  file: StoredFile,
  variant: Variant,
  cacheControl = CACHE,
) {
  if (!isImage(file)) {
    const text = `variant ${variant} is not valid for content type ${file.contentType}`
    throw refusals.invalidInput(text)
  }
  const { stream, size, modified } = await variants.open(file.blobKey, file.size, variant)
  reply.header('last-modified', modified.toUTCString()).header('content-length', size)
  reply.header('cache-control', cacheControl)
  return reply.type('image/webp').send(stream)
}

/** Uploads and their smaller images (spec/nexus.md 1.12). */
export function staticRoutes(
  app: FastifyInstance,
  o: { reader: Reader; blobs: BlobStore; variants: VariantStore },
): void {
  const { reader, blobs, variants } = o
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/static/'))
      reply.header('cache-control', CACHE).headers(STORED_HEADERS)
  })
  app.get<FileRoute>('/static/files/:owner_id/:file_id', async ({ params }, reply) => {
    const owner = p.requiredUser(params.owner_id)
    return reply.redirect(`/static/files/${owner}/${p.requiredPost(params.file_id)}/main`, 308)
  })
  app.get<FileRoute>('/static/files/:owner_id/:file_id/:variant', async (request, reply) => {
    const { params, query } = request
    const owner = p.requiredUser(params.owner_id)
    const id = p.requiredPost(params.file_id)
    const variant = p.word(params.variant, VARIANT_WORDS, 'variant') ?? 'main'
    const file = await storedFile(reader.pool, owner, id)
    if (!file) throw refusals.fileNotFound()
    if (query.dl !== undefined || (variant === 'main' && !isShownInline(file.contentType)))
      setName(reply, file.name)
    return variant === 'main'
      ? sendMain(blobs, request, reply, file)
      : sendVariant(variants, reply, file, variant)
  })
  app.get<{ Params: { user_id: string }; Querystring: p.Query }>(
    '/static/avatar/:user_id',
    async ({ params, query }, reply) => {
      const user = p.requiredUser(params.user_id)
      const [view] = await reader.userViews([user])
      if (!view) throw refusals.userNotFound(user)
      const named = view.details.image === null ? null : fileOfUri(view.details.image)
      const file = named && (await storedFile(reader.pool, named.owner, named.id))
      if (!file) throw refusals.fileNotFound()
      // With `v` the address changes whenever the picture does; what went wrong may go right the next time.
      const cacheControl = query.v === undefined ? CACHE : IMMUTABLE
      return sendVariant(variants, reply, file, 'small', cacheControl)
    },
  )
}
