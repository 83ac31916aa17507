import { decodePath, isDirectoryPath, ProtocolError, type StoragePath } from '@pubky/protocol'
import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { isKeyObject } from '../entries/key-objects.ts'
import { refusals } from '../errors.ts'
import { commitDuring } from '../moving/gate.ts'
import { findUser } from '../sessions/resolver.ts'
import { splitTarget } from '../tenant.ts'
import { requireKey } from './users.ts'

/** Owner and path of a target below `/webdav/` or `/dav/`; escapes are decoded once. */
export function ownedTarget(target: string, prefix: string): { key: string; path: StoragePath } {
  const rest = splitTarget(target).path.slice(prefix.length)
  const slash = rest.indexOf('/')
  const key = slash < 0 ? rest : rest.slice(0, slash)
  try {
    return { key, path: decodePath(slash < 0 ? '/' : rest.slice(slash)) }
  } catch (error) {
    if (error instanceof ProtocolError) throw refusals.invalidStoragePath(error.message)
    throw error
  }
}

/** Deletes a file of anybody, whatever the account allows; objects about keys stay. */
export async function deleteEntry(ctx: Context, userId: string, path: StoragePath): Promise<void> {
  if (isKeyObject(path)) throw refusals.keyObjectPermanent()
  const { result } = await commitDuring(ctx, {
    kind: 'DEL',
    userId,
    path,
    proof: null,
    createOnly: false,
    matches: null,
    forced: true,
  })
  if (result !== 'applied' && result !== 'same') throw refusals.notFound()
}

export function entryRoutes(app: FastifyInstance, ctx: Context): void {
  app.delete('/webdav/*', async (request, reply) => {
    const { key, path } = ownedTarget(request.originalUrl, '/webdav/')
    const owner = requireKey(key)
    if (!path.startsWith('/pub/') || isDirectoryPath(path))
      throw refusals.invalidStoragePath('only files below /pub/ can be deleted')
    const user = await findUser(ctx.pool, owner)
    if (!user) throw refusals.notFound()
    await deleteEntry(ctx, user.id, path)
    return reply.code(204).send()
  })
}
