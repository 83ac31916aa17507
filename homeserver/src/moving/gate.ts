import type { PublicKeyZ32 } from '@pubky/protocol'
import type { ServiceError } from '@pubky/server-kit'
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Context } from '../context.ts'
import type { Outcome, Write } from '../entries/commit.ts'
import { type MoveState, moveState } from './moves.ts'
import { movingRefusals } from './refusals.ts'

/** A write that was refused spares the next ones the way; a thaw is seen after so long at the latest. */
const REMEMBER_MS = 2000
const REFUSED = 'PM001'

/** What is looked at of a request. */
type Asked = Pick<FastifyRequest, 'method' | 'headers'>

export interface MovingGate {
  /** Runs a write and tells its refusal when the account is being moved or has moved. */
  guard<T>(request: Asked, owner: PublicKeyZ32, write: () => Promise<T>): Promise<T>
  forget(owner: PublicKeyZ32): void
}

function refusalOf({ state, thawsInSeconds, to }: MoveState): ServiceError | null {
  if (state === 'moved' && to) return movingRefusals.moved(to)
  return state === 'moving' ? movingRefusals.moving(thawsInSeconds ?? 1) : null
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === REFUSED
}

/** Commits a change of the operator's; when the account is being moved, says so. */
export async function commitDuring(ctx: Context, write: Write): Promise<Outcome> {
  try {
    return await ctx.writer.commit(write)
  } catch (error) {
    if (!isRefused(error)) throw error
    throw refusalOf(await moveState(ctx.pool, write.userId)) ?? movingRefusals.moving(1)
  }
}

/**
 * The database refuses what must not be committed; here its refusal gets its words, and is remembered
 * for a moment, so that somebody who insists does not break up the batches of others.
 */
export function createMovingGate(ctx: Context): MovingGate {
  const refused = new LRUCache<PublicKeyZ32, ServiceError>({ max: 10_000, ttl: REMEMBER_MS })

  async function known(request: Asked, owner: PublicKeyZ32): Promise<ServiceError | undefined> {
    const refusal = refused.get(owner) ?? (await hasLeft(request, owner))
    if (!refusal) return undefined
    // Whoever may not write here is told so first.
    const session = await ctx.sessions.resolve(request.headers, owner)
    return session?.user === owner ? refusal : undefined
  }

  /** The database lets deletions pass where somebody has moved out, for the operator; not for the owner. */
  async function hasLeft(request: Asked, owner: PublicKeyZ32) {
    const userId = request.method === 'DELETE' ? await ctx.entries.userId(owner) : null
    return userId === null ? undefined : (refusalOf(await moveState(ctx.pool, userId)) ?? undefined)
  }

  return {
    async guard(request, owner, write) {
      const isDeletion = request.method === 'DELETE'
      const refusal = isDeletion || refused.has(owner) ? await known(request, owner) : undefined
      if (refusal) throw refusal
      try {
        const done = await write()
        // Somebody moved out in between: what the new home does not know of is not acknowledged.
        const left = isDeletion ? await hasLeft(request, owner) : undefined
        if (left) throw left
        return done
      } catch (error) {
        const userId = isRefused(error) ? await ctx.entries.userId(owner) : null
        const found = userId === null ? null : refusalOf(await moveState(ctx.pool, userId))
        // It thawed in between: as good as frozen for one second more.
        const told = found ?? (userId === null ? null : movingRefusals.moving(1))
        if (!told) throw error
        if (found) refused.set(owner, found)
        throw told
      }
    },
    forget: (owner) => refused.delete(owner),
  }
}
