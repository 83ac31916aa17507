import {
  decodeSessionRecord,
  fromBase64,
  ProtocolError,
  type PublicKeyZ32,
  parsePublicKey,
  type SessionRecord,
  type Signer,
  toBase64,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { Host, Hosts } from './host.ts'
import { discard, expectOk, type HttpRequest, readBounded } from './http.ts'
import { createSessionStorage, type StorageContext } from './session-storage.ts'
import type { Session } from './types.ts'

const SECRET = /^[0-9A-HJKMNP-TV-Z]{26}$/

export interface CookieSessionOptions {
  hosts: Hosts
  homeserver: PublicKeyZ32
  user: PublicKeyZ32
  signer: Signer | null
  homeserverOf: StorageContext['homeserverOf']
}

/** The cookie's value where this process can see it; browsers keep it to themselves. */
function secretIn(response: Response, user: PublicKeyZ32): string | null {
  for (const cookie of response.headers.getSetCookie?.() ?? []) {
    const [pair = ''] = cookie.split(';')
    const at = pair.indexOf('=')
    const value = pair.slice(at + 1).trim()
    if (pair.slice(0, at).trim() === user && SECRET.test(value)) return value
  }
  return null
}

function withCookie(request: HttpRequest, user: PublicKeyZ32, secret: string | null): HttpRequest {
  const headers = new Headers(request.headers)
  if (secret) headers.set('cookie', `${user}=${secret}`)
  return { ...request, headers, credentials: 'include' }
}

/** Reads the record of a sign-up, sign-in or restored session (spec/homeserver.md 2.3). */
export async function sessionFromAnswer(
  o: CookieSessionOptions,
  response: Response,
  knownSecret: string | null = null,
): Promise<Session> {
  const secret = secretIn(response, o.user) ?? knownSecret
  const bytes = await readBounded(await expectOk(response))
  return createCookieSession(o, readRecord(bytes, o.user), bytes, secret)
}

function readRecord(bytes: Uint8Array, user: PublicKeyZ32): SessionRecord {
  try {
    const record = decodeSessionRecord(bytes)
    if (record.publicKey === user) return record
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('bad_answer', { cause })
  }
  throw new PubkyError('bad_answer', { detail: 'the session of another user' })
}

function createCookieSession(
  o: CookieSessionOptions,
  record: SessionRecord,
  bytes: Uint8Array,
  secret: string | null,
): Session {
  const { hosts, homeserver, user } = o
  const authorize = (
    _: Host,
    request: HttpRequest,
    send: (request: HttpRequest) => Promise<Response>,
  ) => send(withCookie(request, user, secret))
  return {
    user,
    homeserver,
    capabilities: record.capabilities,
    info: { kind: 'cookie' },
    storage: createSessionStorage({ ...o, authorize }),
    async fetch(path, request = {}) {
      const host = await hosts.find(homeserver, request.signal ? { signal: request.signal } : {})
      return host.fetch(user, path, withCookie(request, user, secret))
    },
    async bearer() {
      throw new PubkyError('unauthorized', { detail: 'a cookie session has no bearer' })
    },
    /** The secret where it is known, else what the cookie jar needs to be asked again. */
    export: () => (secret ? `${user}:${secret}` : toBase64(bytes)),
    async signOut({ signal } = {}) {
      const host = await hosts.find(homeserver, signal ? { signal } : {})
      const request = withCookie({ method: 'DELETE', signal }, user, secret)
      await discard(await expectOk(await host.fetch(user, '/session', request)))
    },
  }
}

/** Whose session an exported text is, and its secret. Throws `bad_credential`. */
export function readCookieExport(text: string): { user: PublicKeyZ32; secret: string | null } {
  try {
    const [, key, secret] = /^([a-z0-9]{52}):(.*)$/.exec(text) ?? []
    if (key && secret && SECRET.test(secret)) return { user: parsePublicKey(key), secret }
    return { user: decodeSessionRecord(fromBase64(text)).publicKey, secret: null }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('bad_credential', { cause })
  }
}

/** `GET /session` with the cookie of an earlier session; `unauthorized` when it has ended. */
export async function restoreCookieSession(
  o: CookieSessionOptions,
  secret: string | null,
  signal?: AbortSignal,
): Promise<Session> {
  const host = await o.hosts.find(o.homeserver, signal ? { signal } : {})
  const request = withCookie({ signal, cache: 'no-store' }, o.user, secret)
  const response = await host.fetch(o.user, '/session', request)
  // Older servers answer 404 (spec/homeserver.md 2.4).
  if (response.status === 404) {
    await discard(response)
    throw new PubkyError('unauthorized', { status: 404 })
  }
  return sessionFromAnswer(o, response, secret)
}
