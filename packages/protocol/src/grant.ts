import type { PublicKeyZ32 } from './brands.ts'
import { fromBase64Url, toBase64Url, utf8 } from './bytes.ts'
import { parseCapabilities } from './capabilities.ts'
import { ProtocolError } from './errors.ts'
import { isSignedBy, type Jws, signJws, splitJws } from './jws.ts'
import { type Keypair, keypairFromSeed, parsePublicKey } from './keys.ts'
import { randomBytes } from './random.ts'
import type { Signer } from './signer.ts'

/** Claims of a grant: `iss` lets the holder of `cnf` act within `caps` (spec/homeserver.md 2.8). */
export interface GrantClaims {
  iss: PublicKeyZ32
  client_id: string
  caps: string[]
  cnf: PublicKeyZ32
  /** The grant's id. */
  jti: string
  /** Seconds since the Unix epoch. */
  iat: number
  exp: number
}

export interface PopClaims {
  aud: PublicKeyZ32
  gid: string
  nonce: string
  iat: number
}

/** 730 days. */
export const GRANT_LIFETIME_SECONDS = 63_072_000
/** How far the time of a proof of possession may lie from the clock. */
export const POP_WINDOW_SECONDS = 180

const GRANT_TYPE = 'pubky-grant'
const POP_TYPE = 'pubky-pop'
const ID = /^[A-Za-z0-9_-]{1,22}$/
const MAX_CLIENT_ID_BYTES = 253

/** 16 random bytes in base64url: a grant id or a nonce. */
export function randomId(): string {
  return toBase64Url(randomBytes(16))
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function readClaims({ payload }: Jws): GrantClaims | null {
  const { iss, client_id, caps, cnf, jti, iat, exp } = payload
  if (typeof iss !== 'string' || typeof cnf !== 'string' || typeof client_id !== 'string')
    return null
  const idBytes = utf8(client_id).length
  if (idBytes < 1 || idBytes > MAX_CLIENT_ID_BYTES) return null
  if (typeof jti !== 'string' || !ID.test(jti) || !isSeconds(iat) || !isSeconds(exp)) return null
  if (!Array.isArray(caps) || !caps.every((cap): cap is string => typeof cap === 'string'))
    return null
  try {
    for (const cap of caps) if (parseCapabilities(cap).length !== 1) return null
    return { iss: parsePublicKey(iss), client_id, caps, cnf: parsePublicKey(cnf), jti, iat, exp }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function decode(text: string): { jws: Jws; claims: GrantClaims } {
  const jws = splitJws(text)
  const claims = jws && readClaims(jws)
  if (!jws || !claims) throw new ProtocolError('invalid_grant_format', 'invalid grant format')
  return { jws, claims }
}

/** Signs a grant; `jti` is random unless given. Times are in seconds. */
export function signGrant(
  root: Signer,
  o: {
    clientId: string
    caps: readonly string[]
    cnf: PublicKeyZ32
    jti?: string
    iat: number
    exp: number
  },
): Promise<string> {
  const { clientId, caps, cnf, jti = randomId(), iat, exp } = o
  const claims = { iss: root.publicKey, client_id: clientId, caps, cnf, jti, iat, exp }
  return signJws(root, GRANT_TYPE, claims)
}

/** Reads the claims without checking the signature. Throws `invalid_grant_format`. */
export function decodeGrant(text: string): GrantClaims {
  return decode(text).claims
}

/** Checks signature and type, but no time. */
export async function verifyGrantSignature(text: string): Promise<GrantClaims> {
  const { jws, claims } = decode(text)
  if (!(await isSignedBy(jws, claims.iss)))
    throw new ProtocolError('invalid_grant_signature', 'invalid grant signature')
  if (jws.header.typ !== GRANT_TYPE) {
    const text = `invalid grant header type, expected ${GRANT_TYPE}`
    throw new ProtocolError('invalid_grant_type', text)
  }
  return claims
}

/** Checks form, signature, type and expiry, in the order of the spec. */
export async function verifyGrant(text: string, nowSeconds: number): Promise<GrantClaims> {
  const claims = await verifyGrantSignature(text)
  if (claims.exp <= nowSeconds) throw new ProtocolError('grant_expired', 'grant has expired')
  return claims
}

/** Proves possession of a grant's client key to one homeserver. */
export function signPop(
  client: Signer,
  o: { aud: PublicKeyZ32; gid: string; nonce?: string; iat: number },
): Promise<string> {
  const { aud, gid, nonce = randomId(), iat } = o
  return signJws(client, POP_TYPE, { aud, gid, nonce, iat })
}

function readPop({ payload }: Jws): PopClaims | null {
  const { aud, gid, nonce, iat } = payload
  if (typeof aud !== 'string' || typeof gid !== 'string' || typeof nonce !== 'string') return null
  if (!ID.test(nonce) || !isSeconds(iat)) return null
  try {
    return { aud: parsePublicKey(aud), gid, nonce, iat }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function badPop(reason: string): never {
  throw new ProtocolError('invalid_pop', reason)
}

/** Whether the nonce was used before is the caller's to know. Throws `invalid_pop`. */
export async function verifyPop(
  text: string,
  o: { cnf: PublicKeyZ32; aud: PublicKeyZ32; gid: string; nowSeconds: number },
): Promise<PopClaims> {
  const jws = splitJws(text)
  const claims = jws && readPop(jws)
  if (!jws || !claims) return badPop('invalid PoP format')
  if (!(await isSignedBy(jws, o.cnf))) badPop('invalid PoP signature')
  if (jws.header.typ !== POP_TYPE) badPop(`invalid PoP header type, expected ${POP_TYPE}`)
  if (claims.aud !== o.aud) badPop('PoP audience mismatch')
  if (claims.gid !== o.gid) badPop('PoP grant id mismatch')
  if (Math.abs(claims.iat - o.nowSeconds) > POP_WINDOW_SECONDS)
    badPop('PoP timestamp outside the allowed window')
  return claims
}

const CREDENTIAL_PREFIX = 'pubky-grant-credential-v1'

/** The portable secret of a grant session: homeserver, client seed, grant. */
export function encodeGrantCredential(o: {
  homeserver: PublicKeyZ32
  client: Keypair
  grant: string
}): string {
  return [CREDENTIAL_PREFIX, o.homeserver, toBase64Url(o.client.secretKey), o.grant].join(':')
}

/** Throws `invalid_credential`. */
export function decodeGrantCredential(text: string): {
  homeserver: PublicKeyZ32
  client: Keypair
  grant: string
} {
  const [prefix, homeserver = '', seed = '', grant = '', ...more] = text.split(':')
  try {
    if (prefix !== CREDENTIAL_PREFIX || more.length > 0) throw new RangeError('unknown form')
    const client = keypairFromSeed(fromBase64Url(seed))
    if (decodeGrant(grant).cnf !== client.publicKey) throw new RangeError('grant of another client')
    return { homeserver: parsePublicKey(homeserver), client, grant }
  } catch (cause) {
    throw new ProtocolError('invalid_credential', 'not a grant credential', cause)
  }
}
