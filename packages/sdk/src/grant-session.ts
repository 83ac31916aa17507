import {
  decodeGrant,
  encodeGrantCredential,
  type GrantClaims,
  type Keypair,
  ProtocolError,
  type PublicKeyZ32,
  parsePublicKey,
  type Signer,
  signPop,
} from '@pubky/protocol'
import { abortable } from './abort.ts'
import { PubkyError } from './errors.ts'
import type { Host, Hosts } from './host.ts'
import { discard, expectOk, type HttpRequest, readJson, refusalOf } from './http.ts'
import { createSessionStorage, type StorageContext } from './session-storage.ts'
import type { Session } from './types.ts'

/** spec/homeserver.md 2.8: renewed when less remains. */
const RENEW_BEFORE_S = 300
const BEARER = /^[A-Za-z0-9_-]{43}$/

interface Bearer {
  token: string
  expiresAt: number
}

/** Reads the claims of a grant. Throws `grant_invalid`. */
export function readGrant(grant: string, client: PublicKeyZ32): GrantClaims {
  try {
    const claims = decodeGrant(grant)
    if (claims.cnf === client) return claims
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('grant_invalid', { cause })
  }
  throw new PubkyError('grant_invalid', { detail: 'the grant is for another key' })
}

export interface GrantSessionOptions {
  hosts: Hosts
  homeserver: PublicKeyZ32
  grant: string
  client: Signer
  /** Set where the client's secret may be exported. */
  exportable?: Keypair | undefined
  homeserverOf: StorageContext['homeserverOf']
  signal?: AbortSignal | undefined
}

/** Opens a session by proving possession of the grant's client key (spec/homeserver.md 2.8). */
export async function openGrantSession(o: GrantSessionOptions): Promise<Session> {
  const { hosts, homeserver, grant, exportable } = o
  const claims = readGrant(grant, o.client.publicKey)
  const user = claims.iss
  const client: Signer = {
    publicKey: o.client.publicKey,
    sign: (message) => o.client.sign(message),
    grant,
  }
  let current: Bearer | null = null
  let minting: Promise<Bearer> | null = null

  /** One renewal at a time: each one ends the bearer before it. */
  function mint(): Promise<Bearer> {
    minting ??= requestBearer()
      .then((bearer) => {
        current = bearer
        return bearer
      })
      .finally(() => {
        minting = null
      })
    return minting
  }

  async function requestBearer(): Promise<Bearer> {
    const host = await hosts.find(homeserver)
    const before = host.clock.now()
    try {
      return await requestOnce(host)
    } catch (error) {
      const isRefused = error instanceof PubkyError && error.status === 401
      // The date of the refusal may have shown that our clock is wrong.
      const moved = host.clock.now() - before
      const isCorrected = moved > 60_000_000n || moved < 0n
      if (!isRefused || !isCorrected) throw error
      return requestOnce(host)
    }
  }

  async function requestOnce(host: Host): Promise<Bearer> {
    const iat = Number(host.clock.now() / 1_000_000n)
    const pop = await signPop(client, { aud: homeserver, gid: claims.jti, iat })
    const response = await host.fetch(user, '/auth/grant/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant, pop }),
    })
    host.clock.hint(response.headers.get('date'))
    return readBearer(await readJson(await expectOk(response)), user)
  }

  async function bearer(signal?: AbortSignal): Promise<Bearer> {
    signal?.throwIfAborted()
    const host = await hosts.find(homeserver, signal ? { signal } : {})
    const nowS = Number(host.clock.now() / 1_000_000n)
    if (current && current.expiresAt - nowS >= RENEW_BEFORE_S) return current
    return abortable(mint(), signal)
  }

  async function authorize(
    _: Host,
    request: HttpRequest,
    send: (request: HttpRequest) => Promise<Response>,
  ): Promise<Response> {
    const used = await bearer(request.signal)
    const response = await send(withBearer(request, used))
    const isStream = request.body instanceof ReadableStream
    if (response.status !== 401 || isStream) return response
    // Another window may have renewed the session, which ended this bearer.
    const refusal = await refusalOf(response)
    if (current === used) current = null
    const renewed = current ?? (await abortable(mint(), request.signal))
    if (renewed.token === used.token) throw refusal
    return send(withBearer(request, renewed))
  }

  await bearer(o.signal)
  return {
    user,
    homeserver,
    capabilities: claims.caps,
    info: {
      kind: 'grant',
      clientId: claims.client_id,
      grantId: claims.jti,
      grantExpiresAt: claims.exp,
    },
    storage: createSessionStorage({
      hosts,
      user,
      homeserver,
      signer: client,
      homeserverOf: o.homeserverOf,
      authorize,
    }),
    async fetch(path, request = {}) {
      const host = await hosts.find(homeserver, request.signal ? { signal: request.signal } : {})
      return authorize(host, request, (ready) => host.fetch(user, path, ready))
    },
    async bearer({ signal } = {}) {
      return (await bearer(signal)).token
    },
    export() {
      if (!exportable) throw new PubkyError('not_exportable')
      return encodeGrantCredential({ homeserver, client: exportable, grant })
    },
    async signOut({ signal } = {}) {
      const host = await hosts.find(homeserver, signal ? { signal } : {})
      const request = { method: 'DELETE', signal }
      const response = await authorize(host, request, (ready) =>
        host.fetch(user, '/auth/grant/session', ready),
      )
      await discard(await expectOk(response))
      current = null
    },
  }
}

function withBearer(request: HttpRequest, { token }: Bearer): HttpRequest {
  const headers = new Headers(request.headers)
  headers.set('authorization', `Bearer ${token}`)
  return { ...request, headers }
}

function readBearer(answer: unknown, user: PublicKeyZ32): Bearer {
  const { token, session } = (answer ?? {}) as Record<string, unknown>
  const { pubky, token_expires_at: expiresAt } = (session ?? {}) as Record<string, unknown>
  const isGood =
    typeof token === 'string' &&
    BEARER.test(token) &&
    typeof expiresAt === 'number' &&
    typeof pubky === 'string'
  if (!isGood) throw new PubkyError('bad_answer', { detail: 'no bearer' })
  if (parsePublicKey(pubky) !== user)
    throw new PubkyError('bad_answer', { detail: 'the session of another user' })
  return { token, expiresAt }
}
