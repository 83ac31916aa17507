import { covers, isDirectoryPath, pathRoot } from '@pubky/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { takeBody } from '../entries/intake.ts'
import type { Outcome, WriteProof } from '../entries/writer.ts'
import { refusals } from '../errors.ts'
import { type CheckedProof, checkBodyHash, checkProof } from '../proofs/check.ts'
import type { Session } from '../sessions/resolver.ts'
import type { StorageTarget } from '../tenant.ts'
import { privateHeaders } from './storage-read.ts'

async function authoriseWrite(
  ctx: Context,
  request: FastifyRequest,
  target: StorageTarget,
): Promise<Session> {
  const session = await ctx.sessions.resolve(request.headers, target.owner)
  if (!session) throw refusals.noSession()
  if (isDirectoryPath(target.path)) throw refusals.mustBeFile()
  if (pathRoot(target.path) === null) throw refusals.writeElsewhere()
  if (session.user !== target.owner) throw refusals.otherTenant()
  if (!covers(session.capabilities, target.path, 'w')) throw refusals.noWriteAccess()
  return session
}

function toWriteProof(checked: CheckedProof | null): WriteProof | null {
  return checked && { timestamp: checked.proof.timestamp, bytes: checked.bytes }
}

function refuse(outcome: Exclude<Outcome, { result: 'applied' }>): Error {
  switch (outcome.result) {
    case 'old_proof':
      return refusals.proofOld(outcome.highest)
    case 'exists':
      return refusals.exists()
    case 'collision':
      return refusals.collision()
    case 'disabled':
      return refusals.userDisabled()
    default:
      return refusals.notFound()
  }
}

async function put(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: StorageTarget,
  session: Session,
): Promise<FastifyReply> {
  const checked = await checkProof(ctx, request, target, 'PUT')
  const { blobs, config } = ctx
  const taken = await takeBody(request.raw, {
    path: target.path,
    blobs,
    maxBytes: config.maxObjectBytes,
  })
  try {
    checkBodyHash(checked, taken.hash)
  } catch (error) {
    if (taken.blobKey) await blobs.delete([taken.blobKey])
    throw error
  }
  const createOnly = request.headers['if-none-match']?.trim() === '*'
  const outcome = await ctx.writer.commit({
    kind: 'PUT',
    userId: session.userId,
    path: target.path,
    proof: toWriteProof(checked),
    createOnly,
    ...taken,
  })
  if (outcome.result === 'applied' || outcome.result === 'same') return reply.code(201).send()
  throw refuse(outcome)
}

async function remove(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: StorageTarget,
  session: Session,
): Promise<FastifyReply> {
  const checked = await checkProof(ctx, request, target, 'DELETE')
  const outcome = await ctx.writer.commit({
    kind: 'DEL',
    userId: session.userId,
    path: target.path,
    proof: toWriteProof(checked),
  })
  if (outcome.result === 'applied' || outcome.result === 'same') return reply.code(204).send()
  throw refuse(outcome)
}

/** PUT and DELETE of a file (spec/homeserver.md 5.2, 5.3). */
export async function writeStorage(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: StorageTarget,
): Promise<FastifyReply> {
  privateHeaders(reply, target)
  const session = await authoriseWrite(ctx, request, target)
  return request.method === 'PUT'
    ? put(ctx, request, reply, target, session)
    : remove(ctx, request, reply, target, session)
}
