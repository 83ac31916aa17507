import { type Micros, type PublicKeyZ32, toMicros } from './brands.ts'
import { concat, readU64, u64, utf8 } from './bytes.ts'
import { type Capability, parseCapabilities } from './capabilities.ts'
import { ProtocolError } from './errors.ts'
import { publicKeyBytes, publicKeyFromBytes } from './keys.ts'
import { PostcardReader, postcardString } from './postcard.ts'
import { type Signer, verifySignature } from './signer.ts'

/** How far a token's time may lie from the clock, either way (spec/homeserver.md 2.1). */
export const AUTH_WINDOW_MICROS = 180_000_000n

const NAMESPACE = utf8('PUBKY:AUTH')
const SIGNED_FROM = 65
const VERSION_AT = 74
const TIMESTAMP_AT = 75
const KEY_AT = 83
const CAPABILITIES_AT = 115

export interface AuthToken {
  publicKey: PublicKeyZ32
  timestamp: Micros
  capabilities: Capability[]
}

/** Signs a cookie-sign-in token; the signature leaves out the first byte of the namespace. */
export async function signAuthToken(
  signer: Signer,
  capabilities: string,
  now: Micros,
): Promise<Uint8Array> {
  const body = concat(
    NAMESPACE,
    Uint8Array.of(0),
    u64(now),
    publicKeyBytes(signer.publicKey),
    postcardString(capabilities),
  )
  return concat(await signer.sign(body.subarray(1)), body)
}

function decode(bytes: Uint8Array): AuthToken {
  if (bytes.length <= CAPABILITIES_AT)
    throw new ProtocolError('invalid_auth_token', 'AuthToken is too short')
  if ((bytes[VERSION_AT] ?? 0) > 0) throw new ProtocolError('auth_token_version', 'Unknown version')
  try {
    const publicKey = publicKeyFromBytes(bytes.subarray(KEY_AT, CAPABILITIES_AT))
    const reader = new PostcardReader(bytes.subarray(CAPABILITIES_AT))
    const capabilities = parseCapabilities(reader.string())
    return { publicKey, timestamp: toMicros(readU64(bytes, TIMESTAMP_AT)), capabilities }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable'
    throw new ProtocolError('invalid_auth_token', reason, cause)
  }
}

function checkTime(timestamp: Micros, now: Micros): void {
  const text = 'AuthToken has a timestamp that is more than 3 minutes in the'
  if (timestamp > now + AUTH_WINDOW_MICROS)
    throw new ProtocolError('auth_token_in_future', `${text} future`)
  if (timestamp < now - AUTH_WINDOW_MICROS)
    throw new ProtocolError('auth_token_expired', `${text} past`)
}

/**
 * Checks version, form, time and signature, in this order. Whether the token was used before is
 * the caller's to know. The messages are the texts of the wire.
 */
export async function verifyAuthToken(bytes: Uint8Array, now: Micros): Promise<AuthToken> {
  const token = decode(bytes)
  checkTime(token.timestamp, now)
  const signature = bytes.subarray(0, 64)
  if (!(await verifySignature(token.publicKey, bytes.subarray(SIGNED_FROM), signature)))
    throw new ProtocolError('invalid_auth_token_signature', 'Invalid Signature')
  return token
}
