import { type Micros, type PublicKeyZ32, type StoragePath, toMicros } from './brands.ts'
import {
  concat,
  equalBytes,
  fromBase64Url,
  fromUtf8,
  readU64,
  toBase64Url,
  u64,
  utf8,
} from './bytes.ts'
import { type Capability, covers, parseCapabilities } from './capabilities.ts'
import { ProtocolError } from './errors.ts'
import { type GrantClaims, verifyGrantSignature } from './grant.ts'
import { publicKeyBytes, publicKeyFromBytes } from './keys.ts'
import { KeyCache } from './primitives/key-cache.ts'
import { type Signer, verifySignature } from './signer.ts'

export type ProofAction = 'PUT' | 'DELETE'

/** A statement about one object by its owner or a key that the owner granted (design 6). */
export interface ObjectProof {
  action: ProofAction
  signer: PublicKeyZ32
  /** The signer's word. */
  timestamp: Micros
  /** BLAKE3 of the body; 32 zero bytes for DELETE. */
  hash: Uint8Array
  signature: Uint8Array
  /** The grant JWS, when the signer is not the owner. */
  certificate: string | null
}

/** Name of the HTTP header that carries a proof. */
export const PROOF_HEADER = 'pubky-signature'
export const EMPTY_HASH: Uint8Array = new Uint8Array(32)

const MAX_CERTIFICATE_BYTES = 2048
const MAX_HEADER_CHARACTERS = 4096
const FIXED_BYTES = 138
const ACTIONS = { PUT: 1, DELETE: 2 } as const
const DOMAIN = concat(utf8('PUBKY:DATA'), Uint8Array.of(0))

interface Statement {
  owner: PublicKeyZ32
  action: ProofAction
  path: StoragePath
  hash: Uint8Array
  timestamp: Micros
}

/** The bytes that are signed. */
export function proofStatement(s: Statement): Uint8Array {
  const [owner, path] = [publicKeyBytes(s.owner), utf8(s.path)]
  const start = DOMAIN.length + 9
  const statement = new Uint8Array(start + owner.length + s.hash.length + path.length)
  statement.set(DOMAIN)
  statement[DOMAIN.length] = ACTIONS[s.action]
  new DataView(statement.buffer).setBigUint64(DOMAIN.length + 1, s.timestamp)
  statement.set(owner, start)
  statement.set(s.hash, start + owner.length)
  statement.set(path, start + owner.length + s.hash.length)
  return statement
}

function certificateOf(signer: Signer, owner: PublicKeyZ32): string {
  if (signer.publicKey === owner) return ''
  if (signer.grant === undefined)
    return badCertificate('the signer is not the owner and has no grant')
  if (signer.grant.length > MAX_CERTIFICATE_BYTES)
    return badCertificate(`the grant is longer than ${MAX_CERTIFICATE_BYTES} bytes`)
  return signer.grant
}

/**
 * Signs an object, with the signer's grant as certificate when the signer is not the owner. Throws
 * `invalid_proof_certificate` without a grant that fits, `proof_hash_mismatch` for a hash that no
 * object of this action has.
 */
export async function createObjectProof(signer: Signer, s: Statement): Promise<Uint8Array> {
  const certificate = certificateOf(signer, s.owner)
  if (s.hash.length !== 32 || (s.action === 'DELETE' && !equalBytes(s.hash, EMPTY_HASH)))
    throw new ProtocolError('proof_hash_mismatch', 'this action cannot have this hash')
  const head = Uint8Array.of(0, ACTIONS[s.action])
  const key = publicKeyBytes(signer.publicKey)
  const signature = await signer.sign(proofStatement(s))
  return concat(head, key, u64(s.timestamp), s.hash, signature, utf8(certificate))
}

function malformed(reason: string): never {
  throw new ProtocolError('malformed_proof', reason)
}

function readAction(code: number | undefined): ProofAction {
  if (code === ACTIONS.PUT) return 'PUT'
  return code === ACTIONS.DELETE ? 'DELETE' : malformed('unknown action')
}

function readSigner(bytes: Uint8Array): PublicKeyZ32 {
  try {
    return publicKeyFromBytes(bytes)
  } catch {
    return malformed('signer is no key')
  }
}

// Every object of a session carries the same certificate.
const MAX_CERTIFICATES = 4096
const certificates = new KeyCache<Certificate>(MAX_CERTIFICATES)
/** By signer. */
const lastTexts = new KeyCache<{ bytes: Uint8Array; text: string }>(MAX_CERTIFICATES)

function readCertificate(bytes: Uint8Array, signer: PublicKeyZ32): string | null {
  if (bytes.length === 0) return null
  if (bytes.length > MAX_CERTIFICATE_BYTES) return malformed('certificate too long')
  const last = lastTexts.get(signer)
  if (last && equalBytes(last.bytes, bytes)) return last.text
  for (const byte of bytes)
    if (byte < 0x21 || byte > 0x7e) return malformed('certificate is no JWS')
  const text = fromUtf8(bytes)
  lastTexts.set(signer, { bytes: bytes.slice(), text })
  return text
}

/** Reads the parts of a proof, which stay parts of its bytes; nothing is verified. Throws `malformed_proof`. */
export function parseObjectProof(bytes: Uint8Array): ObjectProof {
  if (bytes.length < FIXED_BYTES) return malformed('proof too short')
  if (bytes[0] !== 0) return malformed('unknown version')
  const action = readAction(bytes[1])
  const hash = bytes.subarray(42, 74)
  if (action === 'DELETE' && !equalBytes(hash, EMPTY_HASH)) return malformed('hash of a deletion')
  const signer = readSigner(bytes.subarray(2, 34))
  return {
    action,
    signer,
    timestamp: toMicros(readU64(bytes, 34)),
    hash,
    signature: bytes.subarray(74, FIXED_BYTES),
    certificate: readCertificate(bytes.subarray(FIXED_BYTES), signer),
  }
}

interface Certificate {
  claims: GrantClaims
  capabilities: Capability[]
  /** Microseconds. */
  from: bigint
  until: bigint
}

async function verifyCertificate(text: string): Promise<Certificate> {
  const claims = await verifyGrantSignature(text)
  const verified = {
    claims,
    capabilities: claims.caps.flatMap(parseCapabilities),
    from: BigInt(claims.iat) * 1_000_000n,
    until: BigInt(claims.exp) * 1_000_000n,
  }
  certificates.set(text, verified)
  return verified
}

function badCertificate(reason: string, cause?: unknown): never {
  throw new ProtocolError('invalid_proof_certificate', reason, cause)
}

async function certificateIn(text: string): Promise<Certificate> {
  try {
    return await verifyCertificate(text)
  } catch (cause) {
    return badCertificate('the certificate is no valid grant', cause)
  }
}

function checkCertificate(
  { claims, capabilities, from, until }: Certificate,
  proof: ObjectProof,
  { owner, path }: { owner: PublicKeyZ32; path: StoragePath },
): void {
  if (claims.iss !== owner) badCertificate('the certificate is not by the owner')
  if (claims.cnf !== proof.signer) badCertificate('the certificate is for another key')
  if (proof.timestamp < from || proof.timestamp >= until)
    badCertificate('the certificate does not hold at this time')
  if (!covers(capabilities, path, 'w')) badCertificate('the certificate does not cover this path')
}

/**
 * Verifies a proof against what the verifier knows of the request. Without `hash` the body's hash is
 * still to be compared with the proof's. Throws `malformed_proof`, `proof_action_mismatch`,
 * `proof_hash_mismatch`, `invalid_proof_signature` or `invalid_proof_certificate`.
 */
export async function verifyObjectProof(
  bytes: Uint8Array,
  o: {
    owner: PublicKeyZ32
    action: ProofAction
    path: StoragePath
    hash?: Uint8Array
    /** Does what `verifySignature` does, elsewhere. */
    verify?: typeof verifySignature
  },
): Promise<ObjectProof> {
  const proof = parseObjectProof(bytes)
  if (proof.action !== o.action)
    throw new ProtocolError('proof_action_mismatch', 'the proof is about another action')
  if (o.hash && !equalBytes(o.hash, proof.hash))
    throw new ProtocolError('proof_hash_mismatch', 'the proof is about another body')
  const { action, hash, timestamp } = proof
  const statement = proofStatement({ owner: o.owner, action, path: o.path, hash, timestamp })
  const verify = o.verify ?? verifySignature
  if (!(await verify(proof.signer, statement, proof.signature)))
    throw new ProtocolError('invalid_proof_signature', 'the signature does not match')
  const { certificate, signer } = proof
  if (certificate === null) {
    if (signer !== o.owner) badCertificate('the signer is not the owner and has no certificate')
    return proof
  }
  if (signer === o.owner) badCertificate('the owner needs no certificate')
  checkCertificate(certificates.get(certificate) ?? (await certificateIn(certificate)), proof, o)
  return proof
}

/** base64url on one line. */
export function encodeProofHeader(bytes: Uint8Array): string {
  return toBase64Url(bytes)
}

/** Throws `malformed_proof`. */
export function decodeProofHeader(text: string): Uint8Array {
  if (text.length > MAX_HEADER_CHARACTERS) return malformed('header too long')
  try {
    return fromBase64Url(text)
  } catch {
    return malformed('header is not base64url')
  }
}
