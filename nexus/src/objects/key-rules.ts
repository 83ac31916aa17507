import { fromUtf8, isPublicKey, type StoragePath } from '@pubky/protocol'
import type { ObjectState, Verdict } from './fold.ts'

/** Objects by which an owner key says how its signatures are to be judged (design 6). */
export const KEYS_FOLDER = '/pub/pubky.keys/'
const POLICY = `${KEYS_FOLDER}policy`
const REVOKED = `${KEYS_FOLDER}revoked/`
const MAX_SIGNED_PATHS = 64

/** What one of these objects says; times in microseconds. */
export type KeyRule =
  | { says: 'policy'; signed: string[]; since: number }
  | { says: 'revoked'; signer: string; at: number }

/** Reads such an object; null when it says nothing about verdicts, or nothing that counts. */
export function readKeyRule(path: StoragePath, body: Uint8Array): KeyRule | null {
  const signer = path.startsWith(REVOKED) ? path.slice(REVOKED.length) : null
  if (path !== POLICY && (signer === null || !isPublicKey(signer))) return null
  const json: unknown = JSON.parse(fromUtf8(body))
  if (typeof json !== 'object' || json === null || !('v' in json) || json.v !== 1) return null
  if (signer !== null)
    return 'at' in json && isTime(json.at) ? { says: 'revoked', signer, at: json.at } : null
  if (!('since' in json) || !isTime(json.since) || !('signed' in json)) return null
  const { signed, since } = json
  const isList = Array.isArray(signed) && signed.length <= MAX_SIGNED_PATHS
  if (!isList || !signed.every((item) => typeof item === 'string' && item.startsWith('/')))
    return null
  return { says: 'policy', signed, since }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

type Place = Pick<ObjectState, 'wonEpoch' | 'wonEventId'>

/** The rules of one owner, by the path of the object that says them. */
export type KeyRules = ReadonlyMap<string, KeyRule & Place>

/** The rule that is in force while this state is; null for none. */
export function ruleOf(state: ObjectState | null): (KeyRule & Place) | null {
  if (!state || state.deleted || state.doc?.kind !== 'key' || !state.doc.rule) return null
  const { wonEpoch, wonEventId } = state
  return { ...state.doc.rule, wonEpoch, wonEventId }
}

type Winner = Pick<
  ObjectState,
  'owner' | 'path' | 'proofMicros' | 'proofMicrosMax' | 'signer' | 'writtenAt'
> &
  Place

/**
 * The verdict on the winning entry of a path under the rules of its owner. It never changes which
 * entry wins, so that a rule that comes late changes verdicts alone.
 */
export function verdictUnder(rules: KeyRules, state: Winner): Verdict {
  if (state.proofMicros === null)
    return state.proofMicrosMax !== null || isDue(rules, state) ? 'stripped' : 'unsigned'
  return isRevoked(rules, state, state.proofMicros) ? 'revoked' : 'signed'
}

function isDue(rules: KeyRules, { path, writtenAt }: Winner): boolean {
  const rule = rules.get(POLICY)
  if (rule?.says !== 'policy' || writtenAt * 1000 < rule.since) return false
  return rule.signed.some((of) => (of.endsWith('/') ? path.startsWith(of) : path === of))
}

// What was here before the revocation and is older than it holds. Of what the owner wants to keep
// beyond that (`keep`) only a root is said, by which nothing can be found.
function isRevoked(rules: KeyRules, state: Winner, proofMicros: bigint): boolean {
  const { owner, signer } = state
  const rule = signer === null || signer === owner ? undefined : rules.get(REVOKED + signer)
  if (rule?.says !== 'revoked') return false
  return proofMicros >= BigInt(rule.at) || !isBefore(state, rule)
}

function isBefore(a: Place, b: Place): boolean {
  return a.wonEpoch !== b.wonEpoch ? a.wonEpoch < b.wonEpoch : a.wonEventId < b.wonEventId
}

export const NO_RULES: KeyRules = new Map()

/** True for what only the owner key itself may have signed. */
export function isKeyPath(path: StoragePath): boolean {
  return path.startsWith(KEYS_FOLDER)
}
