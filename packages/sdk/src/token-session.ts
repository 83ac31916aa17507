import { type Micros, ProtocolError, type PublicKeyZ32, verifyAuthToken } from '@pubky/protocol'
import { type CookieSessionOptions, sessionFromAnswer } from './cookie-session.ts'
import { PubkyError } from './errors.ts'
import { sendAuthToken } from './sign-up.ts'
import type { Session } from './types.ts'

/** Opens a cookie session with a token that a key manager signed (spec/homeserver.md 3.3). */
export async function openTokenSession(
  token: Uint8Array,
  o: { now: () => Micros; signal?: AbortSignal },
  place: (user: PublicKeyZ32) => Promise<CookieSessionOptions>,
): Promise<Session> {
  const { publicKey: user } = await verify(token, o.now())
  const at = await place(user)
  const host = await at.hosts.find(at.homeserver, o.signal ? { signal: o.signal } : {})
  return sessionFromAnswer(at, await sendAuthToken(host, user, token, '/session', o.signal))
}

async function verify(token: Uint8Array, now: Micros) {
  try {
    return await verifyAuthToken(token, now)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('auth_answer_invalid', { cause, detail: cause.message })
  }
}
