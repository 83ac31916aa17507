import {
  decodeGrant,
  type Micros,
  type PublicKeyZ32,
  ROOT_CAPABILITIES,
  randomKeypair,
  type Signer,
  signAuthToken,
  signerFromKeypair,
  signGrant,
  signPop,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { Host, Hosts } from './host.ts'
import { discard, expectOk, refusalOf } from './http.ts'

/** spec/homeserver.md 2.8: the rules of sign-up grants. */
const SIGN_UP_CLIENT = 'pubky.signup'
const SIGN_UP_LIFETIME_S = 300

export interface SignUpOptions {
  token?: string | undefined
  signal?: AbortSignal | undefined
}

function query(token: string | undefined): string {
  return token ? `?signup_token=${encodeURIComponent(token)}` : ''
}

/**
 * Makes the account by a grant that lives for five minutes; by an AuthToken where the server knows no
 * grants. `existed`: the key had an account there before, perhaps by a call whose answer was lost.
 */
export async function signUpAt(
  hosts: Hosts,
  root: Signer,
  homeserver: PublicKeyZ32,
  { token, signal }: SignUpOptions,
): Promise<{ existed: boolean }> {
  const host = await hosts.find(homeserver, signal ? { signal } : {})
  const client = signerFromKeypair(randomKeypair())
  const iat = Number(host.clock.now() / 1_000_000n)
  const grant = await signGrant(root, {
    clientId: SIGN_UP_CLIENT,
    caps: [ROOT_CAPABILITIES],
    cnf: client.publicKey,
    iat,
    exp: iat + SIGN_UP_LIFETIME_S,
  })
  const pop = await signPop(client, { aud: homeserver, gid: decodeGrant(grant).jti, iat })
  const response = await host.fetch(homeserver, `/auth/grant/signup${query(token)}`, {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant, pop }),
  })
  if (response.status === 404 || response.status === 405) {
    await discard(response)
    return outcomeOf(await postAuthToken(host, homeserver, root, '/signup', { token, signal }))
  }
  return outcomeOf(response)
}

async function outcomeOf(response: Response): Promise<{ existed: boolean }> {
  if (response.ok) {
    await discard(response)
    return { existed: false }
  }
  const refusal = await refusalOf(response)
  if (refusal.code === 'user_exists') return { existed: true }
  throw refusal
}

/** `POST /signup` or `POST /session` with an AuthToken (spec/homeserver.md 2.4). */
export async function postAuthToken(
  host: Host,
  tenant: PublicKeyZ32,
  root: Signer,
  path: '/signup' | '/session',
  o: SignUpOptions & { capabilities?: string | undefined; now?: Micros },
): Promise<Response> {
  const now = o.now ?? host.clock.next()
  const token = await signAuthToken(root, o.capabilities ?? ROOT_CAPABILITIES, now)
  return sendAuthToken(host, tenant, token, path + query(o.token), o.signal)
}

/** Hands over a token that was signed here or elsewhere. */
export function sendAuthToken(
  host: Host,
  tenant: PublicKeyZ32,
  token: Uint8Array,
  path: string,
  signal?: AbortSignal,
): Promise<Response> {
  const body = token as Uint8Array<ArrayBuffer>
  return host.fetch(tenant, path, { method: 'POST', body, signal, credentials: 'include' })
}

/** `POST /signup`; the answer carries a session. Rejects with `user_exists` among others. */
export async function signUpWithToken(
  hosts: Hosts,
  root: Signer,
  homeserver: PublicKeyZ32,
  o: SignUpOptions & { capabilities?: string | undefined },
): Promise<Response> {
  const host = await hosts.find(homeserver, o.signal ? { signal: o.signal } : {})
  return expectOk(await postAuthToken(host, homeserver, root, '/signup', o))
}

/** The refusal when a key that lives elsewhere meets an account of its own. */
export function userExists(): PubkyError {
  return new PubkyError('user_exists', { status: 409 })
}
