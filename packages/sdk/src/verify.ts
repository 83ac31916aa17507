import {
  blake3,
  equalBytes,
  ProtocolError,
  type PublicKeyZ32,
  parseUri,
  partOf,
  type StoragePath,
  verifyObjectProof,
} from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { readBounded } from './http.ts'
import { readBundle } from './proof-bundle.ts'
import type { PublicStorage, VerifiedObject } from './types.ts'

/** Larger objects are not read into memory unless told, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Judges bytes and their proof (design 6). `invalid`: the proof does not fit these bytes at this
 * address, so nothing is known of who wrote them.
 */
export async function judgeObject(
  at: { owner: PublicKeyZ32; path: StoragePath },
  body: Uint8Array,
  proof: Uint8Array | null,
): Promise<VerifiedObject> {
  if (!proof) return { verdict: 'unsigned', body }
  try {
    const { signer, timestamp, hash } = await verifyObjectProof(proof, { ...at, action: 'PUT' })
    if (!equalBytes(hash, await blake3(body))) return { verdict: 'invalid', body }
    return { verdict: 'signed', signer, timestamp, body }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { verdict: 'invalid', body }
  }
}

export interface VerifyOptions extends Opt {
  maxBytes?: number
  /** Whether the owner's host keeps proofs; where it does not, they lie in a bundle. */
  keepsProofs?: (owner: PublicKeyZ32) => Promise<boolean>
}

async function bundled(
  storage: PublicStorage,
  { owner, path }: { owner: PublicKeyZ32; path: StoragePath },
  keepsProofs: VerifyOptions['keepsProofs'],
  opt: Opt,
): Promise<Uint8Array | null> {
  const part = partOf(path)
  if (!keepsProofs || !part || (await keepsProofs(owner))) return null
  return (await readBundle(storage, owner, part, opt)).get(path) ?? null
}

/** Reads an object and judges its proof. Rejects with `too_large` above `maxBytes`. */
export async function verifyObject(
  storage: PublicStorage,
  uri: string,
  { maxBytes = MAX_BYTES, keepsProofs, ...opt }: VerifyOptions = {},
): Promise<VerifiedObject> {
  const object = await storage.get(uri, opt)
  if (object.size > maxBytes) {
    await object.body.cancel()
    throw new PubkyError('too_large', { detail: `${object.size} bytes` })
  }
  const body = await readBounded(
    new Response(object.body as ReadableStream<Uint8Array<ArrayBuffer>>),
    maxBytes,
  )
  const at = parseUri(uri)
  const proof = object.proof ?? (await bundled(storage, at, keepsProofs, opt))
  return judgeObject(at, body, proof)
}
