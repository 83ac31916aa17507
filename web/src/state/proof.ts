import { parseObject, postPath } from '@pubky/app-specs'
import {
  blake3,
  decodeProofHeader,
  equalBytes,
  fromBase64,
  ProtocolError,
  parsePublicKey,
  toHex,
  verifyObjectProof,
} from '@pubky/protocol'
import type { Api } from './api.ts'
import type { RuntimeConfig } from './config.ts'
import { pubkyClient } from './session/connection.ts'
import type { PostView } from './views.ts'

// Loaded when somebody presses a shield.

export interface ProofCheck {
  /** `valid` says that the shown text is what was signed, too. */
  verdict: 'valid' | 'invalid' | 'absent'
  /** Whether the homeserver has a newer version than the one that was checked. */
  currency: 'newest' | 'newer' | 'unreachable'
  details: { signer: string; delegate: boolean; atMs: number; hash: string } | null
}

const HEAD_LIMIT_MS = 6000

/** Checks a post against its proof here, without trusting the indexer (design 6). */
export async function checkProof(
  api: Api,
  config: RuntimeConfig,
  view: PostView,
  signal: AbortSignal,
): Promise<ProofCheck> {
  const owner = parsePublicKey(view.details.author)
  const path = postPath(view.details.id as never)
  const found = await api.object.get.query({ author: owner, path }, { signal })
  if (!found?.bytes) throw new Error('the indexer does not have the object')
  const body = fromBase64(found.bytes)
  const hash = await blake3(body)
  const currency = await compareWithHomeserver(config, view, hash, signal)
  if (!found.proof) return { verdict: 'absent', currency, details: null }
  try {
    const proof = await verifyObjectProof(decodeProofHeader(found.proof), {
      owner,
      action: 'PUT',
      path,
      hash,
    })
    const details = {
      signer: proof.signer,
      delegate: proof.certificate !== null,
      atMs: Number(proof.timestamp / 1000n),
      hash: toHex(hash),
    }
    const shown = parseObject(path, body)
    const same = shown.kind === 'post' && shown.value.content === view.details.content
    return { verdict: same ? 'valid' : 'invalid', currency, details }
  } catch (error) {
    if (error instanceof ProtocolError || (error instanceof Error && error.name === 'SpecsError'))
      return { verdict: 'invalid', currency, details: null }
    throw error
  }
}

async function compareWithHomeserver(
  config: RuntimeConfig,
  view: PostView,
  hash: Uint8Array,
  signal: AbortSignal,
): Promise<ProofCheck['currency']> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(HEAD_LIMIT_MS)])
    const meta = await pubkyClient(config).storage.head(view.details.uri, { signal: limit })
    if (!meta) return 'newer'
    if (meta.etag === '') return 'unreachable'
    return equalBytes(fromBase64(meta.etag), hash) ? 'newest' : 'newer'
  } catch {
    return 'unreachable'
  }
}
