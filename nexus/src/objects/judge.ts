import type { ObjectEntry } from '@pubky/indexer'
import { type Micros, toHex, verifyObjectProof } from '@pubky/protocol'
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
  if (proof === 'invalid') return { ...base, counts: 'none', doc: null, proofMicros: null }
  if (entry.kind === 'DEL') return { ...base, counts: 'del', doc: null, proofMicros: proof }
  return { ...base, counts: doc ? 'put' : 'none', doc, proofMicros: proof }
}

async function proofOf(entry: ObjectEntry): Promise<Micros | null | 'invalid'> {
  if (!entry.proof) return null
  const { kind, owner, path, hash } = entry
  if (kind === 'PUT' && !hash) return 'invalid'
  try {
    const about =
      kind === 'PUT' && hash
        ? ({ owner, path, action: 'PUT', hash } as const)
        : ({ owner, path, action: 'DELETE' } as const)
    return (await verifyObjectProof(entry.proof, about)).timestamp
  } catch {
    return 'invalid'
  }
}
