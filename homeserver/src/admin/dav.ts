import { isDirectoryPath, type StoragePath } from '@pubky/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { tellAway } from '../away.ts'
import type { Context } from '../context.ts'
import { takeBody } from '../entries/intake.ts'
import { refusals } from '../errors.ts'
import { findUser } from '../sessions/resolver.ts'
import {
  copyFile,
  etagOf,
  fileItem,
  listFolder,
  listOwners,
  type Owner,
  pathsBelow,
  storeFile,
} from './dav-files.ts'
import { type DavItem, multistatus } from './dav-xml.ts'
import { deleteEntry, ownedTarget } from './entries.ts'
import type { Guard } from './guard.ts'
import { requireKey } from './users.ts'

const METHODS = ['PROPFIND', 'MKCOL', 'COPY', 'MOVE'] as const
const ROOTS = ['/pub/', '/priv/'] as const

type Target = Owner & { path: StoragePath }

async function targetOf(ctx: Context, target: string): Promise<Target | null> {
  const { key: text, path } = ownedTarget(target, '/dav/')
  if (text === '') return null
  const key = requireKey(text)
  const user = await findUser(ctx.pool, key)
  if (!user) throw refusals.notFound()
  return { key, userId: user.id, path }
}

async function requireTarget(ctx: Context, target: string): Promise<Target> {
  const found = await targetOf(ctx, target)
  if (!found || !ROOTS.some((root) => found.path.startsWith(root))) throw refusals.writeElsewhere()
  return found
}

async function requireFile(ctx: Context, target: string): Promise<Target> {
  const found = await requireTarget(ctx, target)
  if (isDirectoryPath(found.path)) throw refusals.mustBeFile()
  return found
}

/** What is at a path, and what lies in it when it is a folder. */
async function itemsAt(ctx: Context, target: Target | null, depth: string): Promise<DavItem[]> {
  const isDeep = depth !== '0'
  if (!target) return [{ href: '/dav/' }, ...(isDeep ? await listOwners(ctx) : [])]
  const base = `/dav/${target.key}`
  if (target.path === '/')
    return [{ href: `${base}/` }, ...(isDeep ? ROOTS.map((root) => ({ href: base + root })) : [])]
  if (!isDirectoryPath(target.path)) {
    const entry = await ctx.entries.entry(target.userId, target.path)
    if (entry) return [fileItem(base + target.path, entry)]
  }
  const folder = (isDirectoryPath(target.path) ? target.path : `${target.path}/`) as StoragePath
  const children = await listFolder(ctx, target, folder)
  const isRoot = ROOTS.some((root) => root === folder)
  if (children.length === 0 && !isRoot) throw refusals.notFound()
  return [{ href: base + folder }, ...(isDeep ? children : [])]
}

async function propfind(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const depth = String(request.headers.depth ?? '1')
  const items = await itemsAt(ctx, await targetOf(ctx, request.originalUrl), depth)
  return reply.code(207).type('application/xml; charset=utf-8').send(multistatus(items))
}

async function get(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const { userId, path } = await requireFile(ctx, request.originalUrl)
  const entry = await ctx.entries.entry(userId, path)
  if (!entry) throw refusals.notFound()
  reply
    .header('etag', etagOf(entry.hash))
    .header('last-modified', entry.modifiedAt.toUTCString())
    .header('content-length', entry.size)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "sandbox; default-src 'none'")
    .header('content-disposition', 'attachment')
    .type(entry.contentType)
  if (request.method === 'HEAD') return reply.send()
  return reply.send(entry.inline ?? (await ctx.blobs.read(entry.blobKey ?? '')))
}

async function put(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const target = await requireFile(ctx, request.originalUrl)
  const { path } = target
  const { blobs, config } = ctx
  const taken = await takeBody(request.raw, { path, blobs, maxBytes: config.maxObjectBytes })
  await storeFile(ctx, target, path, taken)
  return reply.code(201).send()
}

/** The files that a request is about: one, or everything in a folder. */
async function filesAt(ctx: Context, target: Target): Promise<StoragePath[]> {
  const isFile =
    !isDirectoryPath(target.path) && (await ctx.entries.entry(target.userId, target.path)) !== null
  if (isFile) return [target.path]
  const folder = (isDirectoryPath(target.path) ? target.path : `${target.path}/`) as StoragePath
  const paths = await pathsBelow(ctx, target, folder)
  if (paths.length === 0) throw refusals.notFound()
  return paths
}

async function remove(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const target = await requireTarget(ctx, request.originalUrl)
  for (const path of await filesAt(ctx, target)) await deleteEntry(ctx, target.userId, path)
  return reply.code(204).send()
}

async function makeFolder(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const target = await requireTarget(ctx, request.originalUrl)
  const folder = (isDirectoryPath(target.path) ? target.path : `${target.path}/`) as StoragePath
  if ((await listFolder(ctx, target, folder)).length > 0) throw refusals.methodNotAllowed()
  // Folders are there as long as there is something in them.
  return reply.code(201).send()
}

function destinationOf(request: FastifyRequest): string {
  const value = String(request.headers.destination ?? '')
  const path = /^https?:\/\//.test(value) ? value.replace(/^https?:\/\/[^/]*/, '') : value
  if (!path.startsWith('/dav/')) throw refusals.davDestination()
  return path
}

async function copyOrMove(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  const from = await requireTarget(ctx, request.originalUrl)
  const to = await requireTarget(ctx, destinationOf(request))
  const paths = await filesAt(ctx, from)
  const [only] = paths
  const isOne = paths.length === 1 && only === from.path
  const [source, destination] = [from.path, to.path].map((path) => path.replace(/\/?$/, '/'))
  const pairs = paths.map((path) => ({
    path,
    goal: (isOne ? to.path : `${destination}${path.slice(source?.length)}`) as StoragePath,
  }))
  const isThere = isOne && (await ctx.entries.entry(to.userId, to.path)) !== null
  if (isThere && request.headers.overwrite === 'F') throw refusals.exists()
  for (const { path, goal } of pairs) {
    if (from.userId === to.userId && path === goal) continue
    await copyFile(ctx, { ...from, path }, { ...to, path: goal })
    if (request.method === 'MOVE') await deleteEntry(ctx, from.userId, path)
  }
  return reply.code(isThere ? 204 : 201).send()
}

/** WebDAV over everybody's files, for the operator (spec/homeserver.md 7). */
export function davRoutes(app: FastifyInstance, ctx: Context, guard: Guard): void {
  for (const method of METHODS) app.addHttpMethod(method, { hasBody: true })
  const urls = ['/dav', '/dav/*']
  for (const url of urls) app.options(url, (_, reply) => reply.header('dav', '1').send())
  app.register(async (scope) => {
    scope.setErrorHandler(tellAway)
    scope.addHook('onRequest', async (request) => guard.basic(request))
    for (const url of urls) {
      const route = (method: string | string[], handler: typeof get) =>
        scope.route({
          method,
          url,
          exposeHeadRoute: false,
          handler: (request, reply) => handler(ctx, request, reply),
        })
      route('PROPFIND', propfind)
      route(['GET', 'HEAD'], get)
      route('PUT', put)
      route('DELETE', remove)
      route('MKCOL', makeFolder)
      route(['COPY', 'MOVE'], copyOrMove)
    }
  })
}
