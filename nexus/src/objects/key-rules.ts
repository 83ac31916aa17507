import { isDeepStrictEqual } from 'node:util'
import {
  fromHex,
  isDueBy,
  KEYS_FOLDER,
  type KeyRule,
  keptPath,
  keptTree,
  manifestLeaf,
  POLICY_PATH,
  ProtocolError,
  type PublicKeyZ32,
  parseKeyRule,
  revocationPath,
  ruleAt,
  type StoragePath,
  toHex,
} from '@pubky/protocol'
import type { ObjectState, Verdict } from './fold.ts'
import { storable } from './storable.ts'

/** A place in the order of an owner's entries, as JSON. */
export interface Place {
  epoch: number
  event: string
}

/** A rule that is in force, and where its path first said any. */
export type RuleInForce = KeyRule & { seen: Place }

/** The rules of one owner, by the path of the object that says them. */
export type KeyRules = ReadonlyMap<string, RuleInForce>

export const NO_RULES: KeyRules = new Map()

/** Reads such an object; null when it says nothing about verdicts, or nothing that counts. */
export function readKeyRule(path: StoragePath, body: Uint8Array): KeyRule | null {
  try {
    return parseKeyRule(path, body)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The rule that a record mirrors lies here, for no object has this name. */
const RECORD = '_sig'

/** Lays the policy of the record, which no homeserver can hide, over the rules. True when it is another one. */
export function mirror(rules: Map<string, RuleInForce>, text: Uint8Array | null): boolean {
  const rule = text && readKeyRule(POLICY_PATH, text)
  const before = rules.get(RECORD)
  if (rule) rules.set(RECORD, { ...storable(rule), seen: { epoch: 0, event: '0' } })
  else rules.delete(RECORD)
  return !isDeepStrictEqual(before, rules.get(RECORD))
}

/** True for what only the owner key itself may have signed. */
export function isKeyPath(path: StoragePath): boolean {
  return path.startsWith(KEYS_FOLDER)
}

/** Whether an object decides which statements of other keys hold, and so which entries win elsewhere. */
export function decidesStatements(path: StoragePath): boolean {
  const says = ruleAt(path)
  return says === 'revoked' || says === 'kept'
}

/** The rule that is in force while this state is; null for none. */
export function ruleOf(state: ObjectState | null): RuleInForce | null {
  if (!state || state.deleted || state.doc?.kind !== 'key' || !state.doc.rule) return null
  return { ...state.doc.rule, seen: state.doc.seen ?? { epoch: 0, event: '0' } }
}

/** What a key other than the owner's said of a path. */
type Statement = Pick<
  ObjectState,
  'owner' | 'path' | 'signer' | 'proofMicros' | 'hash' | 'wonEpoch' | 'wonEventId'
>

/**
 * Whether a signed entry holds: a statement of a revoked key does when it is older than the revocation
 * says, and was there before it or is in the list that it keeps (design 6).
 */
export function holds(rules: KeyRules, statement: Statement): boolean {
  const { owner, signer, proofMicros } = statement
  if (signer === null || signer === owner || proofMicros === null) return true
  const rule = rules.get(revocationPath(signer))
  if (rule?.says !== 'revoked') return true
  const wasHeld = isBefore(statement, rule.seen)
  // What was deleted before is erased by now.
  if (statement.hash === null) return wasHeld
  return proofMicros < BigInt(rule.at) && (wasHeld || isKept(rules, rule.keep, statement))
}

function isBefore({ wonEpoch, wonEventId }: Statement, { epoch, event }: Place): boolean {
  return wonEpoch !== epoch ? wonEpoch < epoch : wonEventId < BigInt(event)
}

const leaves = new WeakMap<RuleInForce, ReadonlySet<string>>()

function isKept(rules: KeyRules, keep: string | null, { path, hash }: Statement): boolean {
  const list = keep === null ? undefined : rules.get(keptPath(keep))
  if (list?.says !== 'kept' || hash === null) return false
  const known = leaves.get(list) ?? new Set(keptTree(list).leaves.map(toHex))
  leaves.set(list, known)
  return known.has(toHex(manifestLeaf({ path, hash: fromHex(hash) })))
}

/** By signer, all that decides which of their statements hold; equal texts decide the same. */
export function decisionsOf(rules: KeyRules): Map<PublicKeyZ32, string> {
  const found = new Map<PublicKeyZ32, string>()
  for (const rule of rules.values())
    if (rule.says === 'revoked') {
      const isListed = rule.keep !== null && rules.has(keptPath(rule.keep))
      found.set(rule.signer, JSON.stringify([rule.at, rule.keep, isListed, rule.seen]))
    }
  return found
}

type Winner = Statement & Pick<ObjectState, 'proofMicrosMax' | 'writtenAt'>

/** The verdict on the winning entry of a path under the rules of its owner. */
export function verdictUnder(rules: KeyRules, state: Winner): Verdict {
  if (state.proofMicros === null)
    return state.proofMicrosMax !== null || isDue(rules, state) ? 'stripped' : 'unsigned'
  return holds(rules, state) ? 'signed' : 'revoked'
}

function isDue(rules: KeyRules, { path, writtenAt }: Winner): boolean {
  return [POLICY_PATH, RECORD].some((at) => {
    const rule = rules.get(at)
    return rule !== undefined && isDueBy(rule, path, writtenAt * 1000)
  })
}
