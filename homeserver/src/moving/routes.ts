import { ProtocolError, type PublicKeyZ32, verifyMoveStatement } from '@pubky/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { readWhole } from '../entries/intake.ts'
import { refusals } from '../errors.ts'
import { headerTenant, splitTarget } from '../tenant.ts'
import type { MovingGate } from './gate.ts'
import { moveState, takeStatement } from './moves.ts'
import { movingRefusals } from './refusals.ts'

const MAX_STATEMENT_BYTES = 256
const FRESH_MICROS = 180_000_000n

async function account(
  ctx: Context,
  request: FastifyRequest,
): Promise<{ owner: PublicKeyZ32; userId: string }> {
  const owner = headerTenant(request.headers, splitTarget(request.originalUrl).query)
  if (!owner) throw refusals.missingTenant()
  const userId = await ctx.entries.userId(owner)
  if (userId === null) throw refusals.notFound()
  return { owner, userId }
}

async function readStatement(ctx: Context, request: FastifyRequest, owner: PublicKeyZ32) {
  const bytes = await readWhole(request.raw, MAX_STATEMENT_BYTES)
  const arrived = ctx.clock()
  try {
    const statement = await verifyMoveStatement(bytes, { owner, host: ctx.publicKey })
    const distance = statement.timestamp - arrived
    if (distance > FRESH_MICROS || distance < -FRESH_MICROS) throw movingRefusals.notFresh(arrived)
    return statement
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw movingRefusals.statement(error.message)
  }
}

/** What an owner says about moving, and how the account stands (docs/moving-house.md). */
export function movingRoutes(app: FastifyInstance, ctx: Context, gate: MovingGate): void {
  async function answer(userId: string, cursor: string | null) {
    const { state, thawsInSeconds, to } = await moveState(ctx.pool, userId)
    return { state, to, thaws_in: thawsInSeconds, ...(cursor !== null && { cursor }) }
  }

  app.get('/moving', async (request, reply) => {
    const { userId } = await account(ctx, request)
    return reply.header('cache-control', 'no-store').send(await answer(userId, null))
  })
  app.post('/moving', async (request, reply) => {
    const { owner, userId } = await account(ctx, request)
    const statement = await readStatement(ctx, request, owner)
    if (statement.target === ctx.publicKey)
      throw movingRefusals.statement('the new home is this one')
    const { cursor } = await takeStatement(ctx.pool, userId, statement)
    gate.forget(owner)
    return reply.header('cache-control', 'no-store').send(await answer(userId, cursor))
  })
}
