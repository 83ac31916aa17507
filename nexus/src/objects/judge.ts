import type { ObjectEntry } from '@pubky/indexer'
import {
  type Micros,
  type ObjectProof,
  type PublicKeyZ32,
  toHex,
  verifyObjectProof,
} from '@pubky/protocol'
import { isKeyPath } from './key-rules.ts'
import type { ObjectDoc } from './object-doc.ts'
import { readDoc } from './read-doc.ts'

/** An entry and what it is worth by itself, whatever came before it. */
export interface Judged {
  entry: ObjectEntry
  /** `none`: changes nothing, because it is refused, superseded, invalid or its proof is. */
  counts: 'put' | 'del' | 'none'
  doc: ObjectDoc | null
  /** Hex of the body's hash. */
  hash: string | null
  /** Timestamp of its proof when the proof is valid; null without one. */
  proofMicros: Micros | null
  /** Whose proof it is. */
  signer: PublicKeyZ32 | null
}

const judged = new WeakMap<ObjectEntry, Promise<Judged>>()

/**
 * Verifies the proof and reads the body. Depends on the entry alone, so that it is done once for all
 * projections that are handed the same entry.
 */
export function judge(entry: ObjectEntry): Promise<Judged> {
  const known = judged.get(entry)
  if (known) return known
  const verdict = judgeAnew(entry)
  judged.set(entry, verdict)
  return verdict
}

async function judgeAnew(entry: ObjectEntry): Promise<Judged> {
  const proof = await proofOf(entry)
  const doc = proof === 'invalid' ? null : readDoc(entry)
  const base = { entry, hash: entry.hash && toHex(entry.hash) }
  if (proof === 'invalid')
    return { ...base, counts: 'none', doc: null, proofMicros: null, signer: null }
  const signed = { ...base, proofMicros: proof?.timestamp ?? null, signer: proof?.signer ?? null }
  if (entry.kind === 'DEL') return { ...signed, counts: 'del', doc: null }
  return { ...signed, counts: doc ? 'put' : 'none', doc }
}

/** What says how signatures are judged is itself signed, by the owner key, and never deleted. */
function isForbidden({ kind, path, owner }: ObjectEntry, proof: ObjectProof | null): boolean {
  return isKeyPath(path) && (kind === 'DEL' || proof?.signer !== owner)
}

async function proofOf(entry: ObjectEntry): Promise<ObjectProof | null | 'invalid'> {
  const proof = await verifiedProof(entry)
  return proof !== 'invalid' && isForbidden(entry, proof) ? 'invalid' : proof
}

async function verifiedProof(entry: ObjectEntry): Promise<ObjectProof | null | 'invalid'> {
  if (!entry.proof) return null
  const { kind, owner, path, hash } = entry
  if (kind === 'PUT' && !hash) return 'invalid'
  try {
    const about =
      kind === 'PUT' && hash
        ? ({ owner, path, action: 'PUT', hash } as const)
        : ({ owner, path, action: 'DELETE' } as const)
    return await verifyObjectProof(entry.proof, about)
  } catch {
    return 'invalid'
  }
}
