import {
  fromUtf8,
  KEYS_FOLDER,
  MANIFEST_PATHS,
  type ObjectProof,
  ProtocolError,
  parseKeyRule,
  ruleAt,
  type StoragePath,
  toBase64Url,
} from '@pubky/protocol'
import { refusals } from '../errors.ts'

/** Objects by which an owner key says how its signatures are to be judged (design 6). */
const PRIVATE_FOLDER = '/priv/pubky.keys/'
const MANIFESTS: readonly string[] = Object.values(MANIFEST_PATHS)

const MAX_BYTES = 64 * 1024
/** 32 bytes for each statement, in base64url. */
const MAX_KEPT_BYTES = 512 * 1024

/** How long the body of such an object may be. */
export function maxBytesOf(path: StoragePath): number {
  return ruleAt(path) === 'kept' ? MAX_KEPT_BYTES : MAX_BYTES
}

export function isKeyObject(path: StoragePath): boolean {
  return path.startsWith(KEYS_FOLDER) || path.startsWith(PRIVATE_FOLDER)
}

function isNamed(path: StoragePath): boolean {
  return ruleAt(path) !== null || MANIFESTS.includes(path)
}

/** Rule 1 for these paths, before the body is read: only the owner key itself, never a deletion. */
export function checkKeyObject(
  path: StoragePath,
  action: 'PUT' | 'DELETE',
  proof: ObjectProof | null,
): void {
  if (!isKeyObject(path)) return
  if (action === 'DELETE') throw refusals.keyObjectPermanent()
  if (!proof) throw refusals.proofRequired()
  if (proof.certificate !== null) throw refusals.ownerSignature()
  if (!isNamed(path)) throw refusals.keyObject('no such object')
}

/** What a manifest says is read by those who compare it. */
function checkManifest(body: Uint8Array): void {
  let json: unknown
  try {
    json = JSON.parse(fromUtf8(body))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error
  }
  const { v, root, as_of: asOf } = (json ?? {}) as Record<string, unknown>
  const isTime = typeof asOf === 'number' && Number.isSafeInteger(asOf) && asOf >= 0
  if (v !== 1 || typeof root !== 'string' || !isTime)
    throw refusals.keyObject('`root` and `as_of` must be a hash and a time in microseconds')
}

/**
 * Checks the body of such an object. Returns what a policy sets, in the words of `covers_path`; null
 * for all others. Throws `invalid_key_object`.
 */
export function policyIn(path: StoragePath, body: Uint8Array): string[] | null {
  if (!isKeyObject(path)) return null
  if (MANIFESTS.includes(path)) {
    checkManifest(body)
    return null
  }
  try {
    const rule = parseKeyRule(path, body)
    if (rule.says !== 'policy') return null
    return rule.signed.length === 0 ? [] : [`@${rule.since}`, ...rule.signed]
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw refusals.keyObject(error.message)
  }
}

/** Whether an owner's revocation keeps what is shown to be in the list with this root. */
export function isKeptBy(
  revocation: { path: StoragePath; body: Uint8Array },
  proof: ObjectProof,
  root: Uint8Array,
): boolean {
  const rule = parseKeyRule(revocation.path, revocation.body)
  return (
    rule.says === 'revoked' && rule.keep === toBase64Url(root) && proof.timestamp < BigInt(rule.at)
  )
}
