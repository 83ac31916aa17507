import { idMicros } from '@pubky/app-specs'
import type { Micros, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { Judged } from './judge.ts'
import { holds, type KeyRules, type Place } from './key-rules.ts'
import type { ObjectDoc, ObjectKind } from './object-doc.ts'
import { withoutText } from './read-doc.ts'

/** As stored in `verdict`. */
export const VERDICTS = ['unsigned', 'signed', 'stripped', 'revoked'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What has become of one object. */
export interface ObjectState {
  owner: PublicKeyZ32
  path: StoragePath
  kind: ObjectKind
  /** With `eventId`: how far this path was followed, in the owner's order. */
  epoch: number
  eventId: bigint
  /** The entry that holds the bytes and the proof; null when nothing has counted. */
  position: bigint | null
  deleted: boolean
  hash: string | null
  blobKey: string | null
  size: number | null
  /** Of deleted posts and profiles what must still be shown; null when nothing has counted. */
  doc: ObjectDoc | null
  proofMicros: Micros | null
  /** The newest valid proof ever seen for the path; it outlives deletion and unsigned writes. */
  proofMicrosMax: Micros | null
  /** Who signed the winning entry. */
  signer: PublicKeyZ32 | null
  /** Receive time of the winning entry, in milliseconds. */
  writtenAt: number
  /** Place of the winning entry in the owner's order. */
  wonEpoch: number
  wonEventId: bigint
  /** Of the proof and revocations; the policy of the owner is laid over it (`key-rules.ts`). */
  verdict: Verdict
  /** Milliseconds. */
  indexedAt: number
  editedAt: number | null
}

/** True when the entry comes after everything that the state has taken in. */
export function isAfter(state: ObjectState, epoch: number, eventId: bigint): boolean {
  return epoch !== state.epoch ? epoch > state.epoch : eventId > state.eventId
}

/** Takes the next entry, in the owner's order, into the state of its path, under the owner's rules. */
export function foldEntry(
  state: ObjectState | null,
  epoch: number,
  judged: Judged,
  kind: ObjectKind,
  rules: KeyRules,
): ObjectState {
  const { entry, proofMicros, signer, hash } = judged
  const base = state ?? blank(entry.owner, entry.path, kind)
  const max = base.proofMicrosMax
  const isNewest = proofMicros !== null && (max === null || proofMicros > max)
  const place = { wonEpoch: epoch, wonEventId: BigInt(entry.eventId) }
  const { owner, path } = entry
  const isValid = holds(rules, { owner, path, ...place, signer, proofMicros, hash })
  const next: ObjectState = {
    ...base,
    epoch,
    eventId: place.wonEventId,
    proofMicrosMax: isNewest && isValid ? proofMicros : max,
  }
  if (judged.counts === 'none' || (proofMicros !== null && !isNewest)) return next
  // What a revoked key says replaces and deletes nothing that stands without it (design 6).
  if (!isValid && (judged.counts === 'del' || standsWithout(base))) return next
  const won = {
    ...next,
    ...place,
    position: entry.position,
    proofMicros,
    signer,
    writtenAt: entry.receivedAtMs,
    verdict: isValid ? verdictOf(proofMicros, max) : ('revoked' as const),
  }
  return judged.counts === 'del' ? deleted(won) : put(won, base, judged)
}

function standsWithout({ doc, deleted, verdict }: ObjectState): boolean {
  return doc !== null && !deleted && verdict !== 'revoked'
}

// A missing proof is noticed where the path was signed before.
function verdictOf(proofMicros: Micros | null, max: Micros | null): Verdict {
  if (proofMicros !== null) return 'signed'
  return max === null ? 'unsigned' : 'stripped'
}

function deleted(won: ObjectState): ObjectState {
  const doc = won.doc && withoutText(won.doc)
  return { ...won, deleted: true, hash: null, blobKey: null, size: null, doc, editedAt: null }
}

function put(won: ObjectState, base: ObjectState, judged: Judged): ObjectState {
  const { entry, hash } = judged
  const doc = withPlace(judged.doc, base, won)
  const isLive = base.doc !== null && !base.deleted
  if (isLive && hash !== null && base.hash === hash) return won
  const { body } = entry
  return {
    ...won,
    deleted: false,
    hash,
    blobKey: body?.at === 'blob' ? body.key : null,
    size: body?.at === 'blob' ? body.size : null,
    doc,
    indexedAt: keepsTime(base, isLive) ? base.indexedAt : firstIndexedAt(judged),
    editedAt: isLive ? entry.receivedAtMs : null,
  }
}

/** What was held before the first revocation of a key is told by its place. */
function withPlace(doc: ObjectDoc | null, base: ObjectState, won: ObjectState): ObjectDoc | null {
  if (doc?.kind !== 'key' || !doc.rule) return doc
  const here: Place = { epoch: won.wonEpoch, event: String(won.wonEventId) }
  return { ...doc, seen: base.doc?.kind === 'key' && base.doc.seen ? base.doc.seen : here }
}

// A post that comes back takes its old place; an edge that comes back is new.
function keepsTime(base: ObjectState, isLive: boolean): boolean {
  return isLive || (base.doc !== null && base.kind === 'post')
}

const DAY_MS = 86_400_000

/** Receive time, unless the id names a time more than a day before (design 3, the law of state). */
function firstIndexedAt({ entry, doc }: Judged): number {
  if (doc?.kind !== 'post' && doc?.kind !== 'file') return entry.receivedAtMs
  const idMs = Number(idMicros(doc.id) / 1000n)
  return idMs < entry.receivedAtMs - DAY_MS ? idMs : entry.receivedAtMs
}

function blank(owner: PublicKeyZ32, path: StoragePath, kind: ObjectKind): ObjectState {
  return {
    owner,
    path,
    kind,
    epoch: 0,
    eventId: -1n,
    position: null,
    deleted: true,
    hash: null,
    blobKey: null,
    size: null,
    doc: null,
    proofMicros: null,
    proofMicrosMax: null,
    signer: null,
    writtenAt: 0,
    wonEpoch: 0,
    wonEventId: -1n,
    verdict: 'unsigned',
    indexedAt: 0,
    editedAt: null,
  }
}
