import { PROFILE_PATH, parseObject, postPath } from '@pubky/app-specs'
import {
  blake3,
  decodeProofHeader,
  equalBytes,
  fromBase64,
  type ObjectProof,
  ProtocolError,
  type PublicKeyZ32,
  parsePublicKey,
  revocationPath,
  type StoragePath,
  toHex,
  verifyObjectProof,
} from '@pubky/protocol'
import { decodeGrant } from '@pubky/protocol/grant'
import type { VerifiedObject } from '@pubky/sdk'
import { readRule } from '@pubky/sdk/read-rule'
import type { Api } from './api.ts'
import type { RuntimeConfig } from './config.ts'
import { pubkyClient } from './session/connection.ts'
import type { PostView, UserView } from './views.ts'

// Loaded when somebody presses a shield.

/** What is on the page, and is to be what was signed. */
export type Shown = { kind: 'post'; view: PostView } | { kind: 'profile'; view: UserView }

export interface ProofCheck {
  /**
   * `valid` says that the shown text is what was signed, too. `stripped`: a signature is due.
   * `revoked`: it was made with a key that the author has taken back.
   */
  verdict: 'valid' | 'invalid' | 'absent' | 'stripped' | 'revoked'
  /** Whether the homeserver has a newer version than the one that was checked. */
  currency: 'newest' | 'newer' | 'unreachable'
  details: ProofDetails | null
}

export interface ProofDetails {
  signer: string
  /** The app that the author allowed to sign; null when the author's own key did. */
  app: string | null
  atMs: number
  hash: string
  /** From when on nothing of the key counts, where the author said so. */
  revokedAtMs: number | null
}

interface Place {
  owner: PublicKeyZ32
  path: StoragePath
}

const READ_LIMIT_MS = 6000

/** Checks what is shown against its proof here, without trusting the indexer (design 6). */
export async function checkProof(
  api: Api,
  config: RuntimeConfig,
  what: Shown,
  signal: AbortSignal,
): Promise<ProofCheck> {
  const at = placeOf(what)
  const found = await api.object.get.query({ author: at.owner, path: at.path }, { signal })
  if (!found?.bytes) throw new Error('the indexer does not have the object')
  const body = fromBase64(found.bytes)
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MS)])
  const stored = await readStored(config, `pubky://${at.owner}${at.path}`, limit)
  const currency = stored === 'unreachable' ? stored : isSame(stored, body) ? 'newest' : 'newer'
  // By the author's own rules where they could be asked about these bytes, else by word of the indexer.
  const told = currency === 'newest' ? (stored as VerifiedObject).verdict : found.verdict
  if (!found.proof) {
    // That it was signed before is known to who has seen it.
    const isDue = told === 'stripped' || found.verdict === 'stripped'
    return { verdict: isDue ? 'stripped' : 'absent', currency, details: null }
  }
  const proof = await verified(found.proof, at, body)
  if (!proof) return { verdict: 'invalid', currency, details: null }
  const isRevoked = told === 'revoked'
  const details: ProofDetails = {
    signer: proof.signer,
    app: proof.certificate === null ? null : decodeGrant(proof.certificate).client_id,
    atMs: Number(proof.timestamp / 1000n),
    hash: toHex(proof.hash),
    revokedAtMs: isRevoked ? await revokedAt(config, at.owner, proof.signer, limit) : null,
  }
  if (!isShown(at.path, body, what)) return { verdict: 'invalid', currency, details }
  return { verdict: isRevoked ? 'revoked' : 'valid', currency, details }
}

function placeOf({ kind, view }: Shown): Place {
  if (kind === 'profile') return { owner: parsePublicKey(view.details.id), path: PROFILE_PATH }
  return { owner: parsePublicKey(view.details.author), path: postPath(view.details.id as never) }
}

function isSame(stored: VerifiedObject | null, body: Uint8Array): boolean {
  return stored !== null && equalBytes(stored.body, body)
}

/** What the homeserver has there, judged by the author's rules; null when there is nothing. */
async function readStored(
  config: RuntimeConfig,
  uri: string,
  signal: AbortSignal,
): Promise<VerifiedObject | null | 'unreachable'> {
  try {
    return await pubkyClient(config).verifyObject(uri, { signal })
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'not_found'
    return isGone ? null : 'unreachable'
  }
}

async function verified(header: string, at: Place, body: Uint8Array): Promise<ObjectProof | null> {
  try {
    const about = { ...at, action: 'PUT', hash: await blake3(body) } as const
    return await verifyObjectProof(decodeProofHeader(header), about)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** Whether the words on the page are those in the signed bytes. */
function isShown(path: StoragePath, body: Uint8Array, { kind, view }: Shown): boolean {
  try {
    const signed = parseObject(path, body)
    if (kind === 'post')
      return signed.kind === 'post' && signed.value.content === view.details.content
    if (signed.kind !== 'profile') return false
    const { name, bio, image } = signed.value
    const { details } = view
    return name === details.name && bio === details.bio && image === details.image
  } catch (error) {
    if (error instanceof Error && error.name === 'SpecsError') return false
    throw error
  }
}

async function revokedAt(
  config: RuntimeConfig,
  owner: PublicKeyZ32,
  signer: PublicKeyZ32,
  signal: AbortSignal,
): Promise<number | null> {
  const place = { owner, path: revocationPath(signer) }
  const rule = await readRule(pubkyClient(config).storage, place, { signal }).catch(() => null)
  return rule?.says === 'revoked' ? rule.at / 1000 : null
}
