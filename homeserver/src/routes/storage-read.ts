import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { covers, isDirectoryPath, PROOF_HEADER, pathRoot } from '@pubky/protocol'
import { BlobMissingError } from '@pubky/server-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { isShownInline } from '../entries/content-type.ts'
import { folderExists, listFolder, parseListQuery } from '../entries/list.ts'
import { isSameVersion, parseRange, type Range } from '../entries/range.ts'
import type { Entry } from '../entries/read.ts'
import { refusals } from '../errors.ts'
import { readSpeed } from '../limits/limits.ts'
import { paced } from '../limits/pace.ts'
import { cutSlowReader } from '../limits/slow-clients.ts'
import { type StorageTarget, splitTarget } from '../tenant.ts'
import { vary } from './cors.ts'

const PRIVATE_VARY = 'pubky-host, Authorization, Cookie'
const PRIVATE_VARY_BY_PATH = 'Authorization, Cookie'

/** What every answer about a private path carries, whatever its status. */
export function privateHeaders(
  raw: Pick<ServerResponse, 'setHeader'>,
  target: StorageTarget,
): void {
  if (pathRoot(target.path) !== 'priv') return
  raw.setHeader('cache-control', 'no-store')
  vary({ raw }, target.byPath ? PRIVATE_VARY_BY_PATH : PRIVATE_VARY)
}

async function authoriseRead(
  ctx: Context,
  request: FastifyRequest,
  target: StorageTarget,
): Promise<void> {
  const root = pathRoot(target.path)
  if (root === 'pub') return
  if (root !== 'priv') throw refusals.readElsewhere()
  const session = await ctx.sessions.resolve(request.headers, target.owner)
  if (!session) throw refusals.privateNeedsSession()
  if (session.user !== target.owner) throw refusals.otherTenant()
  if (!covers(session.capabilities, target.path, 'r')) throw refusals.noReadAccess()
}

async function list(
  ctx: Context,
  reply: FastifyReply,
  target: StorageTarget,
  query: URLSearchParams,
) {
  const options = parseListQuery(query)
  const userId = await ctx.entries.userId(target.owner)
  if (userId === null || !(await folderExists(ctx.pool, userId, target.path)))
    throw refusals.directoryNotFound()
  if (options.badCursor) throw options.badCursor
  const folder = { owner: target.owner, userId, folder: target.path }
  const lines = await listFolder(ctx.pool, folder, options)
  return reply.type('text/plain').send(lines.join('\n'))
}

function etagOf(hash: Buffer): string {
  return `"${hash.toString('base64')}"`
}

function isUnchanged(request: FastifyRequest, entry: Entry, etag: string): boolean {
  const match = request.headers['if-none-match']
  if (match !== undefined) return match.split(',').some((one) => one.trim() === etag)
  const since = request.headers['if-modified-since']
  if (since === undefined) return false
  const limit = Date.parse(since)
  return !Number.isNaN(limit) && Math.floor(entry.modifiedAt.getTime() / 1000) * 1000 <= limit
}

/** Names and values in turn, as `writeHead` takes them. */
type Head = string[]

function entryHead({ path }: StorageTarget, entry: Entry): Head {
  const proof = entry.proof ? [PROOF_HEADER, entry.proof.toString('base64url')] : []
  const isPrivate = pathRoot(path) === 'priv'
  const cache = isPrivate ? [] : ['cache-control', 'private, must-revalidate']
  const modified = entry.modifiedAt.toUTCString()
  return ['etag', etagOf(entry.hash), 'last-modified', modified, ...cache, ...proof]
}

function bodyHead({ contentType }: Entry, length: number): Head {
  const disposition = isShownInline(contentType) ? [] : ['content-disposition', 'attachment']
  return [
    ...['content-type', contentType, 'content-length', String(length)],
    ...['accept-ranges', 'bytes', 'x-content-type-options', 'nosniff'],
    ...['content-security-policy', "sandbox; default-src 'none'", ...disposition],
  ]
}

function setHead(reply: FastifyReply, head: Head): void {
  for (let i = 0; i < head.length; i += 2) reply.header(head[i] ?? '', head[i + 1])
}

/** Of files that are kept in memory: made once for each version. */
const heads = new WeakMap<Entry, Head>()

/** All of the head but what every answer has. */
export function wholeHead(target: StorageTarget, entry: Entry): Head {
  const known = heads.get(entry)
  if (known) return known
  const head = [...entryHead(target, entry), ...bodyHead(entry, entry.size)]
  heads.set(entry, head)
  return head
}

/** A whole small file, which most requests are for. It spares the way of all that an answer can be. */
function sendWhole(reply: FastifyReply, target: StorageTarget, entry: Entry): FastifyReply {
  const head = wholeHead(target, entry)
  reply.hijack().raw.writeHead(200, head).end(entry.inline)
  return reply
}

function isWhole(ctx: Context, { method, headers }: FastifyRequest, entry: Entry): boolean {
  const isPlain =
    headers.range === undefined &&
    headers['if-none-match'] === undefined &&
    headers['if-modified-since'] === undefined
  return isPlain && method === 'GET' && entry.inline !== null && !ctx.limits.anySpeeds
}

/** A failure is no version of the file. */
function forgetEntryHeaders(reply: FastifyReply): void {
  const names = ['etag', 'last-modified', 'cache-control', 'accept-ranges', 'content-range']
  for (const name of [...names, 'content-length', 'content-disposition', PROOF_HEADER])
    reply.removeHeader(name)
}

/** A 404 tells the proof of the deletion, if there is one. */
async function missing(
  ctx: Context,
  reply: FastifyReply,
  target: StorageTarget,
  userId: string,
): Promise<never> {
  const proof = await ctx.entries.proof(userId, target.path)
  if (proof?.bytes) reply.header(PROOF_HEADER, proof.bytes.toString('base64url'))
  throw refusals.notFound()
}

async function bodyOf(
  ctx: Context,
  entry: Entry,
  range: Range | null,
): Promise<Buffer | ReadableStream<Uint8Array>> {
  if (entry.inline) return range ? entry.inline.subarray(range.start, range.end) : entry.inline
  return ctx.blobs.read(entry.blobKey ?? '', range ?? {})
}

/** The part that a GET asks for, told in the head of the answer; null for the whole. */
function takeRange(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  entry: Entry,
  etag: string,
): Range | null {
  if (headers.range === undefined) return null
  const ifRange = headers['if-range']
  const version = { etag, lastModified: entry.modifiedAt.toUTCString() }
  if (!isSameVersion(Array.isArray(ifRange) ? ifRange[0] : ifRange, version)) return null
  const range = parseRange(headers.range, entry.size)
  if (range === 'unsatisfiable') {
    reply.removeHeader('etag').removeHeader('last-modified')
    throw refusals.rangeNotSatisfiable(entry.size)
  }
  if (range === null) return null
  reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${entry.size}`)
  return range
}

/** The body as it is, or as fast as who asks may read. */
async function slowed(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: StorageTarget,
  open: () => Promise<Buffer | ReadableStream<Uint8Array>>,
): Promise<Buffer | ReadableStream<Uint8Array> | Readable> {
  const speed = ctx.limits.anySpeeds ? await readSpeed(ctx, request, target.owner) : null
  const body = await open()
  if (!speed) {
    if (!Buffer.isBuffer(body)) cutSlowReader(reply.raw)
    return body
  }
  return Readable.from(paced(Buffer.isBuffer(body) ? [body] : body, speed), { objectMode: false })
}

async function sendFile(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: StorageTarget,
  attempt = 0,
): Promise<FastifyReply> {
  const userId = await ctx.entries.userId(target.owner)
  if (userId === null) throw refusals.notFound()
  const entry = await ctx.entries.entry(userId, target.path)
  if (!entry) return missing(ctx, reply, target, userId)
  if (!target.byPath && pathRoot(target.path) !== 'priv') vary(reply, 'pubky-host')
  if (isWhole(ctx, request, entry)) return sendWhole(reply, target, entry)
  const etag = etagOf(entry.hash)
  setHead(reply, entryHead(target, entry))
  const isHead = request.method === 'HEAD'
  if (!isHead && isUnchanged(request, entry, etag)) return reply.code(304).send()
  const range = isHead ? null : takeRange(request, reply, entry, etag)
  setHead(reply, bodyHead(entry, range ? range.end - range.start : entry.size))
  if (isHead) return reply.send()
  try {
    const open = () => bodyOf(ctx, entry, range)
    return reply.send(await slowed(ctx, request, reply, target, open))
  } catch (error) {
    // The file was replaced between the look-up and opening its blob: look again, once.
    if (error instanceof BlobMissingError && attempt === 0)
      return sendFile(ctx, request, reply.code(200), target, 1)
    forgetEntryHeaders(reply)
    throw error
  }
}

/** GET and HEAD of a file or folder (spec/homeserver.md 5.4, 5.5). */
export async function readStorage(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: StorageTarget,
): Promise<FastifyReply> {
  privateHeaders(reply.raw, target)
  await authoriseRead(ctx, request, target)
  const { query } = splitTarget(request.originalUrl)
  // Query errors count for files, too; most requests have no query.
  const parameters = new URLSearchParams(query)
  if (isDirectoryPath(target.path)) {
    if (request.method === 'HEAD') throw refusals.notFound()
    if (!target.byPath && pathRoot(target.path) === 'pub') vary(reply, 'pubky-host')
    return list(ctx, reply, target, parameters)
  }
  if (query !== '') {
    const { badCursor } = parseListQuery(parameters)
    if (badCursor) throw badCursor
  }
  return sendFile(ctx, request, reply, target)
}
