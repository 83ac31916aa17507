import {
  fromBase64Url,
  fromUtf8,
  type ManifestPart,
  ProtocolError,
  type PublicKeyZ32,
  type StoragePath,
  toBase64Url,
  utf8,
} from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { readBounded } from './http.ts'
import type { PublicStorage } from './types.ts'

/** Where proofs lie on hosts that do not keep them (design 6). Private ones apart, for their paths tell. */
export const BUNDLE_PATHS: Readonly<Record<ManifestPart, StoragePath>> = {
  pub: '/pub/pubky.proofs/bundle' as StoragePath,
  priv: '/priv/pubky.proofs/bundle' as StoragePath,
}
const MAX_BUNDLE_BYTES = 16 * 1024 * 1024

export type ProofBundle = ReadonlyMap<string, Uint8Array>

export function isBundle(path: StoragePath): boolean {
  return path === BUNDLE_PATHS.pub || path === BUNDLE_PATHS.priv
}

/** Throws `too_large` when it cannot be read back. */
export function encodeBundle(proofs: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const texts = Object.fromEntries([...proofs].map(([path, proof]) => [path, toBase64Url(proof)]))
  const body = utf8(JSON.stringify({ v: 1, proofs: texts }))
  if (body.length <= MAX_BUNDLE_BYTES) return body
  throw new PubkyError('too_large', { detail: 'the bundle of proofs' })
}

/** Reads what parses; everything in it is verified by whoever uses it. */
export function decodeBundle(body: Uint8Array): ProofBundle {
  const found = new Map<string, Uint8Array>()
  try {
    const { v, proofs } = JSON.parse(fromUtf8(body)) as Record<string, unknown>
    if (v !== 1 || typeof proofs !== 'object' || proofs === null) return found
    for (const [path, text] of Object.entries(proofs))
      if (typeof text === 'string') found.set(path, fromBase64Url(text))
  } catch (error) {
    if (
      !(
        error instanceof SyntaxError ||
        error instanceof TypeError ||
        error instanceof ProtocolError
      )
    )
      throw error
  }
  return found
}

/** The bundle of one part of an account; empty when there is none. */
export async function readBundle(
  storage: PublicStorage,
  owner: PublicKeyZ32,
  part: ManifestPart,
  o: Opt = {},
): Promise<ProofBundle> {
  try {
    const { body } = await storage.get(`pubky://${owner}${BUNDLE_PATHS[part]}`, o)
    const bytes = new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>)
    return decodeBundle(await readBounded(bytes, MAX_BUNDLE_BYTES))
  } catch (error) {
    if (error instanceof PubkyError && error.code === 'not_found') return new Map()
    throw error
  }
}
