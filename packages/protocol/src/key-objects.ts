import type { PublicKeyZ32, StoragePath } from './brands.ts'
import { concat, equalBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { isPublicKey } from './keys.ts'
import {
  type LeafTree,
  type ManifestEntry,
  manifestLeaf,
  manifestTree,
  treeOfLeaves,
} from './manifest.ts'
import { parseStrictPath, pathRoot } from './path.ts'

/** Where an owner key says how its signatures are to be judged (design 6, docs/moving-house.md). */
export const KEYS_FOLDER = '/pub/pubky.keys/'
export const POLICY_PATH = `${KEYS_FOLDER}policy` as StoragePath
const REVOKED = `${KEYS_FOLDER}revoked/`
const KEPT = `${KEYS_FOLDER}kept/`

const MAX_SIGNED_PATHS = 64
const HASH_BYTES = 32
/** Of one list of statements that outlive a revocation. */
export const MAX_KEPT = 12_000

/** What such an object says. Times in microseconds. */
export type KeyRule =
  /** From `since` on everything below these paths is due to be signed. */
  | { says: 'policy'; signed: readonly StoragePath[]; since: number }
  /**
   * A statement of this key holds only if its time is below `at`, and it is in the list with the root
   * `keep` or was held before the revocation was seen.
   */
  | { says: 'revoked'; signer: PublicKeyZ32; at: number; keep: string | null }
  /** The list with this root: the leaves of its tree, in base64url. */
  | { says: 'kept'; root: string; leaves: string }

export function revocationPath(signer: PublicKeyZ32): StoragePath {
  return `${REVOKED}${signer}` as StoragePath
}

/** Where the list with a root lies. The root is in base64url. */
export function keptPath(root: string): StoragePath {
  return `${KEPT}${root}` as StoragePath
}

/** What the object at a path has to say; null when it says no rule. */
export function ruleAt(path: StoragePath): KeyRule['says'] | null {
  if (path === POLICY_PATH) return 'policy'
  if (path.startsWith(REVOKED)) return isPublicKey(path.slice(REVOKED.length)) ? 'revoked' : null
  return path.startsWith(KEPT) && isRoot(path.slice(KEPT.length)) ? 'kept' : null
}

function bad(reason: string, cause?: unknown): never {
  throw new ProtocolError('invalid_key_object', reason, cause)
}

function isRoot(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    return fromBase64Url(value).length === HASH_BYTES
  } catch {
    return false
  }
}

function isMicros(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function signedPath(value: unknown): StoragePath {
  try {
    if (typeof value === 'string') {
      const path = parseStrictPath(value)
      if (pathRoot(path) !== null) return path
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return bad('`signed` holds something else than paths')
}

function readJson(body: Uint8Array): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(fromUtf8(body))
  } catch (cause) {
    return bad('not JSON', cause)
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return bad('no JSON object')
  const fields: Record<string, unknown> = { ...json }
  return fields.v === 1 ? fields : bad('`v` must be 1')
}

/** Reads a policy, of the object or of the TXT record. Throws `invalid_key_object`. */
export function parsePolicy(body: Uint8Array): KeyRule & { says: 'policy' } {
  const { signed, since } = readJson(body)
  if (!isMicros(since)) return bad('`since` must be a time in microseconds')
  if (!Array.isArray(signed) || signed.length > MAX_SIGNED_PATHS)
    return bad(`\`signed\` must be a list of at most ${MAX_SIGNED_PATHS} paths`)
  return { says: 'policy', signed: signed.map(signedPath), since }
}

/** Reads the object at a path that says a rule. Throws `invalid_key_object`. */
export function parseKeyRule(path: StoragePath, body: Uint8Array): KeyRule {
  switch (ruleAt(path)) {
    case 'policy':
      return parsePolicy(body)
    case 'revoked': {
      const { at, keep } = readJson(body)
      if (!isMicros(at)) return bad('`at` must be a time in microseconds')
      if (keep !== null && !isRoot(keep)) return bad('`keep` must be the root of a list, or null')
      return { says: 'revoked', signer: path.slice(REVOKED.length) as PublicKeyZ32, at, keep }
    }
    case 'kept': {
      const { leaves } = readJson(body)
      const root = path.slice(KEPT.length)
      if (typeof leaves !== 'string') return bad('`leaves` must be a text')
      const list = { says: 'kept', root, leaves } as const
      return rootOf(list) === root ? list : bad('the leaves have another root')
    }
    default:
      return bad('no such object')
  }
}

function rootOf(list: KeyRule & { says: 'kept' }): string {
  try {
    return toBase64Url(keptTree(list).root)
  } catch (cause) {
    return bad('`leaves` must be in base64url', cause)
  }
}

/** The body of the object that says a rule. */
export function encodeKeyRule(rule: KeyRule): Uint8Array {
  return utf8(JSON.stringify({ v: 1, ...fieldsOf(rule) }))
}

function fieldsOf(rule: KeyRule): object {
  switch (rule.says) {
    case 'policy':
      return { signed: rule.signed, since: rule.since }
    case 'revoked':
      return { at: rule.at, keep: rule.keep }
    case 'kept':
      return { leaves: rule.leaves }
  }
}

/** Whether a policy asks for a proof of what was written to a path at that time, in microseconds. */
export function isDueBy(rule: KeyRule, path: StoragePath, writtenAt: number): boolean {
  if (rule.says !== 'policy' || writtenAt < rule.since) return false
  return rule.signed.some((of) => (of.endsWith('/') ? path.startsWith(of) : path === of))
}

/** The list of these statements, to outlive a revocation. Throws `invalid_key_object` when it is too long. */
export function keptList(entries: Iterable<ManifestEntry>): KeyRule & { says: 'kept' } {
  const { root, leaves } = manifestTree(entries)
  if (leaves.length > MAX_KEPT) return bad(`more than ${MAX_KEPT} statements`)
  return { says: 'kept', root: toBase64Url(root), leaves: toBase64Url(concat(...leaves)) }
}

/** The tree of a list: shows others what is in it. */
export function keptTree({ leaves }: KeyRule & { says: 'kept' }): LeafTree {
  const bytes = fromBase64Url(leaves)
  if (bytes.length % HASH_BYTES !== 0 || bytes.length / HASH_BYTES > MAX_KEPT)
    return bad('`leaves` has a wrong length')
  const count = bytes.length / HASH_BYTES
  return treeOfLeaves(
    Array.from({ length: count }, (_, n) => bytes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES)),
  )
}

/** Place of a statement in a list; -1 when it is not in it. */
export function placeIn({ leaves }: Pick<LeafTree, 'leaves'>, entry: ManifestEntry): number {
  const wanted = manifestLeaf(entry)
  return leaves.findIndex((leaf) => equalBytes(leaf, wanted))
}
