import type { ServerResponse } from 'node:http'
import {
  covers,
  fromBase64,
  isDirectoryPath,
  ProtocolError,
  pathRoot,
  ruleAt,
} from '@pubky/protocol'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { Outcome, Put, WriteProof } from '../entries/commit.ts'
import { type OnLate, type Taken, takeBody } from '../entries/intake.ts'
import { isKeyObject, maxBytesOf, policyIn } from '../entries/key-objects.ts'
import { precheckPut } from '../entries/precheck.ts'
import { refusals } from '../errors.ts'
import { checkWrite, overQuota, writeSpeed } from '../limits/limits.ts'
import { LARGE_BYTES, type Upload } from '../limits/uploads.ts'
import type { MovingGate } from '../moving/gate.ts'
import { type CheckedProof, checkBodyHash, checkProof } from '../proofs/check.ts'
import type { StorageTarget } from '../tenant.ts'
import { privateHeaders } from './storage-read.ts'

/** What is looked at of a request that writes, whether the router took it in or not. */
export interface WriteRequest extends Pick<FastifyRequest, 'method' | 'headers' | 'raw' | 'ip'> {
  onLate?: OnLate
}

interface WriteTarget extends StorageTarget {
  userId: string
  /** The body that is on its way, where it counts. */
  upload: Upload | null
}

async function authoriseWrite(
  ctx: Context,
  request: WriteRequest,
  target: StorageTarget,
): Promise<WriteTarget> {
  const session = await ctx.sessions.resolve(request.headers, target.owner)
  if (!session) throw refusals.noSession()
  if (isDirectoryPath(target.path)) throw refusals.mustBeFile()
  if (pathRoot(target.path) === null) throw refusals.writeElsewhere()
  if (session.user !== target.owner) throw refusals.otherTenant()
  if (!covers(session.capabilities, target.path, 'w')) throw refusals.noWriteAccess()
  const { method } = request
  const { userId } = session
  const { owner, path, byPath } = target
  const upload = await checkWrite(ctx, { userId, path, method, length: lengthOf(request) })
  return { owner, path, byPath, userId, upload }
}

function toWriteProof(checked: CheckedProof | null): WriteProof | null {
  if (!checked) return null
  const { proof, bytes, isKept } = checked
  const delegate = proof.certificate && !isKept ? proof.signer : null
  return { timestamp: proof.timestamp, bytes, delegate }
}

function createsOnly(request: WriteRequest): boolean {
  return request.headers['if-none-match']?.trim() === '*'
}

const ANYTHING = new Uint8Array()

/** The hash that `If-Match` asks for; empty for `*`, which asks for anything. */
function matchedHash(request: WriteRequest): Uint8Array | null {
  const value = request.headers['if-match']?.trim()
  if (value === undefined) return null
  if (value === '*') return ANYTHING
  const etag = /^"([A-Za-z0-9+/]{43}=)"$/.exec(value)?.[1]
  try {
    if (etag !== undefined) return fromBase64(etag)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  throw refusals.noMatch()
}

function refuse(outcome: Outcome): Error {
  switch (outcome.result) {
    case 'old_proof':
      return refusals.proofOld(outcome.highest)
    case 'exists':
      return refusals.exists()
    case 'collision':
      return refusals.collision()
    case 'disabled':
      return refusals.userDisabled()
    case 'no_match':
      return refusals.noMatch()
    case 'proof_required':
      return refusals.proofRequired()
    case 'revoked':
      return refusals.proofRevoked()
    default:
      return refusals.notFound()
  }
}

function isDone({ result }: Outcome): boolean {
  return result === 'applied' || result === 'same'
}

/** NaN is not known yet. */
function lengthOf({ headers }: WriteRequest): number {
  return Number(headers['content-length'] ?? ('transfer-encoding' in headers ? Number.NaN : 0))
}

async function takeIn(ctx: Context, request: WriteRequest, target: WriteTarget): Promise<Taken> {
  const { blobs, config } = ctx
  const { path, owner, upload } = target
  const room = upload?.room ?? null
  const isGrowing = upload !== null && Number.isNaN(lengthOf(request))
  const speed = ctx.limits.anySpeeds ? await writeSpeed(ctx, request, target.userId) : null
  const limits = isKeyObject(path)
    ? { maxBytes: maxBytesOf(path), inlineBytes: maxBytesOf(path) }
    : { maxBytes: config.maxObjectBytes }
  async function wait(bytes: number): Promise<void> {
    if (isGrowing && !upload?.grow(bytes)) throw overQuota(ctx, owner)
    await speed?.pace(bytes)
  }
  const isTight = room !== null && room < limits.maxBytes
  if (isTight) limits.maxBytes = room
  try {
    return await takeBody(request.raw, {
      path,
      blobs,
      ...limits,
      ...((speed || isGrowing) && { wait }),
      onLate: request.onLate,
    })
  } catch (error) {
    // A body that does not tell its length must not fill the disk until it is refused.
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'body_too_large'
    throw isTight && isTooLarge ? overQuota(ctx, owner) : error
  } finally {
    // The commit counts it from here on.
    upload?.leave()
  }
}

/** Commits what was taken in; when nothing comes of it, its blob goes. */
async function store(ctx: Context, write: Put, checked: CheckedProof | null): Promise<Outcome> {
  try {
    checkBodyHash(checked, write.hash)
    write.policy = write.inline && policyIn(write.path, write.inline)
    const outcome = await ctx.writer.commit(write)
    // Storing it ended the sessions of the key; other processes hear of it by notices.
    if (write.owner && ruleAt(write.path) === 'revoked') ctx.sessions.forgetUser(write.owner)
    return outcome
  } catch (error) {
    const isUnknown = error instanceof Error && 'code' in error && error.code === 'outcome_unknown'
    if (write.blobKey && !isUnknown) await ctx.blobs.delete([write.blobKey])
    throw error
  }
}

async function put(ctx: Context, request: WriteRequest, target: WriteTarget): Promise<number> {
  const checked = await checkProof(ctx, request, target, 'PUT')
  const { userId, owner, path } = target
  const createOnly = createsOnly(request)
  const matches = matchedHash(request)
  if (!(lengthOf(request) <= LARGE_BYTES))
    await precheckPut(ctx.pool, { userId, path, hasProof: checked !== null, createOnly })
  const proof = toWriteProof(checked)
  const { hash, size, contentType, inline, blobKey } = await takeIn(ctx, request, target)
  const write: Put = {
    kind: 'PUT',
    userId,
    owner,
    path,
    proof,
    createOnly,
    matches,
    hash,
    size,
    contentType,
    inline,
    blobKey,
    policy: null,
  }
  const outcome = await store(ctx, write, checked)
  if (isDone(outcome)) return 201
  throw outcome.result === 'over_quota' ? overQuota(ctx, target.owner) : refuse(outcome)
}

async function remove(ctx: Context, request: WriteRequest, target: WriteTarget): Promise<number> {
  const checked = await checkProof(ctx, request, target, 'DELETE')
  const { userId, owner, path } = target
  const proof = toWriteProof(checked)
  const matches = matchedHash(request)
  const outcome = await ctx.writer.commit({
    kind: 'DEL',
    userId,
    owner,
    path,
    proof,
    createOnly: false,
    matches,
  })
  if (isDone(outcome)) return 204
  throw refuse(outcome)
}

/** PUT and DELETE of a file (spec/homeserver.md 5.2, 5.3). Comes to the status, of an answer without a body. */
export function writeStorage(
  ctx: Context,
  gate: MovingGate,
  request: WriteRequest,
  response: ServerResponse,
  target: StorageTarget,
): Promise<number> {
  privateHeaders(response, target)
  return gate.guard(request, target.owner, async () => {
    const authorised = await authoriseWrite(ctx, request, target)
    try {
      return request.method === 'PUT'
        ? await put(ctx, request, authorised)
        : await remove(ctx, request, authorised)
    } finally {
      authorised.upload?.leave()
    }
  })
}
