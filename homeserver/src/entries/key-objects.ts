import {
  fromUtf8,
  isPublicKey,
  type ObjectProof,
  ProtocolError,
  parseStrictPath,
  pathRoot,
  type StoragePath,
} from '@pubky/protocol'
import { refusals } from '../errors.ts'

/** Objects by which an owner key says how its signatures are to be judged (design 6). */
const FOLDER = '/pub/pubky.keys/'
const PRIVATE_FOLDER = '/priv/pubky.keys/'
const POLICY = `${FOLDER}policy`
const REVOKED = `${FOLDER}revoked/`
const MANIFESTS: readonly string[] = [`${FOLDER}manifest`, `${PRIVATE_FOLDER}manifest`]
const MAX_SIGNED_PATHS = 64

export const MAX_KEY_OBJECT_BYTES = 64 * 1024

export function isKeyObject(path: StoragePath): boolean {
  return path.startsWith(FOLDER) || path.startsWith(PRIVATE_FOLDER)
}

function isNamed(path: StoragePath): boolean {
  if (path === POLICY || MANIFESTS.includes(path)) return true
  return path.startsWith(REVOKED) && isPublicKey(path.slice(REVOKED.length))
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

function readJson(body: Uint8Array): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(fromUtf8(body))
    if (json !== null && typeof json === 'object' && !Array.isArray(json)) return { ...json }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error
  }
  throw refusals.keyObject('not a JSON object')
}

function isMicros(value: unknown): boolean {
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
  throw refusals.keyObject('`signed` holds something else than paths')
}

/**
 * Checks the body of such an object. Returns the signed paths that a policy sets, null for all others.
 * Throws `invalid_key_object`.
 */
export function policyIn(path: StoragePath, body: Uint8Array): StoragePath[] | null {
  if (!isKeyObject(path)) return null
  const { v, signed, since, at, keep, root, as_of } = readJson(body)
  if (v !== 1) throw refusals.keyObject('`v` must be 1')
  if (path === POLICY) {
    if (!isMicros(since)) throw refusals.keyObject('`since` must be a time in microseconds')
    if (!Array.isArray(signed) || signed.length > MAX_SIGNED_PATHS)
      throw refusals.keyObject(`\`signed\` must be a list of at most ${MAX_SIGNED_PATHS} paths`)
    return signed.map(signedPath)
  }
  if (MANIFESTS.includes(path)) {
    if (typeof root !== 'string' || !isMicros(as_of))
      throw refusals.keyObject('`root` and `as_of` must be a hash and a time in microseconds')
    return null
  }
  if (!isMicros(at) || (keep !== null && typeof keep !== 'string'))
    throw refusals.keyObject('`at` and `keep` must be a time in microseconds and a hash or null')
  return null
}
