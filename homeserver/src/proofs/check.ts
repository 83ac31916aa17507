import {
  decodeProofHeader,
  equalBytes,
  IMPORT_HEADER,
  type ObjectProof,
  PROOF_HEADER,
  type ProofAction,
  ProtocolError,
  revocationPath,
  verifyObjectProof,
} from '@pubky/protocol'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { checkKeyObject, isKeptBy } from '../entries/key-objects.ts'
import { refusals } from '../errors.ts'
import { importedBy } from '../moving/import.ts'
import type { StorageTarget } from '../tenant.ts'

/** How far a proof's time may lie from the clock when its header arrives (design 6, rule 5). */
const FRESH_MICROS = 180_000_000n

export interface CheckedProof {
  proof: ObjectProof
  bytes: Uint8Array
  /** A revocation of its signer keeps it. */
  isKept: boolean
}

function toRefusal(error: unknown): Error {
  if (!(error instanceof ProtocolError)) throw error
  if (error.code === 'malformed_proof') return refusals.proofMalformed(error.message)
  return refusals.proofRefused(error.code, error.message)
}

async function verify(
  ctx: Context,
  header: string,
  target: StorageTarget,
  action: ProofAction,
): Promise<CheckedProof> {
  try {
    const bytes = decodeProofHeader(header)
    const { owner, path } = target
    const { verify } = ctx.verifier
    const proof = await verifyObjectProof(bytes, { owner, action, path, verify })
    return { proof, bytes, isKept: false }
  } catch (error) {
    throw toRefusal(error)
  }
}

/**
 * Rules 1 to 5 of design 6 as far as they can be judged before the body: form, action, signature,
 * certificate, and freshness unless it is the very proof that is stored. The rest is judged when
 * committing. Null for unsigned requests.
 */
export async function checkProof(
  ctx: Context,
  request: Pick<FastifyRequest, 'headers'>,
  target: StorageTarget & { userId: string },
  action: ProofAction,
): Promise<CheckedProof | null> {
  const header = request.headers[PROOF_HEADER]
  if (Array.isArray(header)) throw refusals.proofMalformed('more than one header')
  const arrived = ctx.clock()
  const checked = header === undefined ? null : await verify(ctx, header, target, action)
  checkKeyObject(target.path, action, checked?.proof ?? null)
  if (!checked) return null
  const distance = checked.proof.timestamp - arrived
  const isStale = distance > FRESH_MICROS || distance < -FRESH_MICROS
  const isDelegated = checked.proof.certificate !== null
  const maybeShown = (isStale || isDelegated) && IMPORT_HEADER in request.headers
  const shown = maybeShown ? await importedBy(ctx, request, target, checked.proof) : null
  if (isStale && !shown) await refuseUnlessStored(ctx, target, checked, arrived)
  if (!isDelegated || !shown) return checked
  return { ...checked, isKept: await isKept(ctx, target, checked.proof, shown.root) }
}

/** Whether the owner revoked the signer, and keeps this statement. */
async function isKept(
  ctx: Context,
  target: { userId: string },
  proof: ObjectProof,
  root: Uint8Array | null,
): Promise<boolean> {
  const path = revocationPath(proof.signer)
  const body = root && (await ctx.entries.entry(target.userId, path))?.inline
  return body ? isKeptBy({ path, body }, proof, root) : false
}

async function refuseUnlessStored(
  ctx: Context,
  target: StorageTarget & { userId: string },
  checked: CheckedProof,
  arrived: bigint,
): Promise<void> {
  const stored = await ctx.entries.proof(target.userId, target.path)
  if (stored?.bytes && equalBytes(stored.bytes, checked.bytes)) return
  if (stored && checked.proof.timestamp <= stored.timestamp)
    throw refusals.proofOld(stored.timestamp)
  throw refusals.proofNotFresh(arrived)
}

/** Rule 2 for the body, once it is known. */
export function checkBodyHash(checked: CheckedProof | null, hash: Uint8Array): void {
  if (checked && !equalBytes(checked.proof.hash, hash))
    throw refusals.proofRefused('proof_hash_mismatch', 'the proof is about another body')
}
