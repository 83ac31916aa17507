import {
  blake3,
  equalBytes,
  isDueBy,
  type KeyRule,
  keptPath,
  keptTree,
  type Micros,
  POLICY_PATH,
  ProtocolError,
  type PublicKeyZ32,
  parsePolicy,
  parseUri,
  partOf,
  placeIn,
  revocationPath,
  type StoragePath,
  verifyObjectProof,
} from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { readBounded } from './http.ts'
import { readBundle } from './proof-bundle.ts'
import { readRule } from './read-rule.ts'
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
  /** The policy in the owner's record, if there is one. */
  policyText?: (owner: PublicKeyZ32) => Promise<Uint8Array | null>
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

/**
 * Reads an object and judges its proof under the rules of its owner. Rejects with `too_large` above
 * `maxBytes`.
 */
export async function verifyObject(
  storage: PublicStorage,
  uri: string,
  { maxBytes = MAX_BYTES, keepsProofs, policyText, ...opt }: VerifyOptions = {},
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
  const found = await judgeObject(at, body, proof)
  const rules = rulesOf(storage, at, { keepsProofs, policyText, ...opt })
  if (found.verdict === 'unsigned' && (await rules.isDue(object.lastModified)))
    return { ...found, verdict: 'stripped' }
  if (found.verdict === 'signed' && !(await rules.holds(found)))
    return { ...found, verdict: 'revoked' }
  return found
}

/** What the owner says about signatures, asked for when it matters. */
function rulesOf(
  storage: PublicStorage,
  { owner, path }: { owner: PublicKeyZ32; path: StoragePath },
  { keepsProofs, policyText, ...opt }: VerifyOptions,
) {
  const read = (at: StoragePath) => {
    const place = { owner, path: at }
    return readRule(storage, place, {
      ...opt,
      bundled: () => bundled(storage, place, keepsProofs, opt),
    })
  }

  /** The homeserver tells of a policy, and so does the record, which it cannot change. */
  async function policies(): Promise<KeyRule[]> {
    const [told, text] = await Promise.all([read(POLICY_PATH), policyText?.(owner)])
    return [told, text ? policyIn(text) : null].filter((rule) => rule !== null)
  }

  return {
    /** `writtenAt` is the word of the homeserver. */
    async isDue(writtenAt: Date): Promise<boolean> {
      const all = await policies()
      return all.some((rule) => isDueBy(rule, path, writtenAt.getTime() * 1000))
    },
    /** Of a revoked key only what the revocation keeps; who verifies once has held nothing before. */
    async holds({ signer, timestamp = 0n as Micros, body }: VerifiedObject): Promise<boolean> {
      if (!signer || signer === owner) return true
      const rule = await read(revocationPath(signer))
      if (rule?.says !== 'revoked') return true
      if (rule.keep === null || timestamp >= BigInt(rule.at)) return false
      const list = await read(keptPath(rule.keep))
      if (list?.says !== 'kept') return false
      return placeIn(keptTree(list), { path, hash: await blake3(body) }) >= 0
    },
  }
}

function policyIn(text: Uint8Array): KeyRule | null {
  try {
    return parsePolicy(text)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
