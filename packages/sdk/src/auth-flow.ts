import {
  channelUrl,
  decryptFromChannel,
  formatDeepLink,
  fromUtf8,
  type Keypair,
  NO_CALLBACKS,
  ProtocolError,
  type PublicKeyZ32,
  parseCapabilities,
  parseDeepLink,
  randomBytes,
  type Signer,
} from '@pubky/protocol'
import type { AuthFlow, AuthFlowOptions, AuthRequest, ChannelRequest } from './auth-types.ts'
import { createBackoff } from './backoff.ts'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { readGrant } from './grant-session.ts'
import { discard, readBounded, refusalOf, send } from './http.ts'
import type { Session } from './types.ts'

const TIMEOUT_MS = 600_000
/** A relay holds a request for 25 s (`/inbox`) or ten minutes (`/link`), then says 408. */
const POLL_TIMEOUT_MS = 660_000
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 5_000
const MAX_MISSING = 3
const MAX_ANSWER_BYTES = 16 * 1024
const SECRET_BYTES = 32

/** What a flow needs of the client. */
export interface AuthContext {
  fetch: typeof fetch
  openGrant(
    grant: string,
    client: Signer | Keypair,
    o: Opt & { homeserver?: PublicKeyZ32 },
  ): Promise<Session>
  openToken(token: Uint8Array, o: Opt & { homeserver?: PublicKeyZ32 }): Promise<Session>
}

/** Makes the link of a request and begins to wait for its answer (spec/homeserver.md 3.3). */
export function startAuthFlow(
  ctx: AuthContext,
  request: AuthRequest,
  o: AuthFlowOptions = {},
): AuthFlow {
  const link = toLink(request)
  const callbacks = { ...NO_CALLBACKS, ...request.callbacks }
  const url = formatDeepLink({ ...link, callbacks })
  return run(ctx, { url, link, client: request.grant?.client ?? null }, o)
}

/** Waits again for the answer to a link that was made before, perhaps by a page that is gone. */
export function resumeAuthFlow(
  ctx: AuthContext,
  url: string,
  client: Signer | Keypair | null,
  o: AuthFlowOptions = {},
): AuthFlow {
  const link = channelRequest(url)
  if ('clientKey' in link && link.clientKey !== client?.publicKey)
    throw new PubkyError('auth_link_invalid', { detail: 'the link is for another client key' })
  return run(ctx, { url, link, client }, o)
}

/** Reads a link that asks for something through a relay. Throws `auth_link_invalid`. */
export function channelRequest(url: string): ChannelRequest {
  try {
    const link = parseDeepLink(url)
    if ('relay' in link) return link
    throw new PubkyError('auth_link_invalid', { detail: `${link.intent} has no channel` })
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('auth_link_invalid', { cause, detail: cause.message })
  }
}

function toLink({ capabilities, relay, grant, signUp }: AuthRequest): ChannelRequest {
  try {
    const channel = {
      capabilities: parseCapabilities(capabilities),
      relay,
      secret: randomBytes(SECRET_BYTES),
    }
    const home = signUp && { homeserver: signUp.homeserver, signupToken: signUp.token ?? null }
    const app = grant && { clientId: grant.clientId, clientKey: grant.client.publicKey }
    const link: ChannelRequest = app
      ? home
        ? { intent: 'signup_grant', ...channel, ...home, ...app }
        : { intent: 'signin_grant', ...channel, ...app }
      : home
        ? { intent: 'signup', ...channel, ...home }
        : { intent: 'signin', ...channel }
    // What a key manager would refuse is refused here.
    parseDeepLink(formatDeepLink(link))
    return link
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('auth_link_invalid', { cause, detail: cause.message })
  }
}

interface Pending {
  url: string
  link: ChannelRequest
  client: Signer | Keypair | null
}

function run(ctx: AuthContext, { url, link, client }: Pending, o: AuthFlowOptions): AuthFlow {
  const control = new AbortController()
  const { signal, timeoutMs = TIMEOUT_MS } = o
  const late = AbortSignal.timeout(timeoutMs)
  const stop = AbortSignal.any([control.signal, late, ...(signal ? [signal] : [])])
  const session = wait().catch((error: unknown) => {
    if (control.signal.aborted) throw new PubkyError('cancelled')
    if (late.aborted) throw new PubkyError('auth_expired')
    throw error
  })
  // Whoever never asks for the session need not handle its failure.
  session.catch(() => {})

  async function wait(): Promise<Session> {
    const channel = channelUrl(link.relay, link.secret)
    const plaintext = open(link.secret, await fetchAnswer(ctx.fetch, channel, stop))
    const opened = await exchange(plaintext)
    await acknowledge(channel)
    return opened
  }

  async function exchange(answer: Uint8Array): Promise<Session> {
    const home = 'homeserver' in link ? { homeserver: link.homeserver } : {}
    const opt = { ...home, signal: stop }
    if (!('clientId' in link) || !client) return ctx.openToken(answer, opt)
    const grant = readAnswer(() => fromUtf8(answer))
    if (readGrant(grant, client.publicKey).client_id !== link.clientId)
      throw new PubkyError('auth_answer_invalid', { detail: 'the grant names another app' })
    return ctx.openGrant(grant, client, opt)
  }

  /** The relay may forget the message; when it cannot be told, it does so by itself. */
  async function acknowledge(channel: string): Promise<void> {
    if (isLinkRelay(link.relay)) return
    await send(ctx.fetch, channel, { method: 'DELETE', credentials: 'omit' }).then(
      discard,
      () => {},
    )
  }

  return { url, session, cancel: () => control.abort() }
}

/** Older relays, which acknowledge by themselves. */
export function isLinkRelay(relay: string): boolean {
  return /\/link\/?$/.test(new URL(relay).pathname)
}

async function fetchAnswer(
  fetcher: typeof fetch,
  channel: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  let missing = 0
  for (;;) {
    try {
      const request = { signal, credentials: 'omit', cache: 'no-store' } as const
      const response = await send(fetcher, channel, { ...request, timeoutMs: POLL_TIMEOUT_MS })
      if (response.ok) return await readBounded(response, MAX_ANSWER_BYTES)
      const refusal = await refusalOf(response)
      if (response.status === 408) {
        missing = 0
        continue
      }
      // A message may go while it is waited for; where there never is one, there is no relay.
      const isMissing = response.status === 404 && ++missing < MAX_MISSING
      if (!isMissing && !refusal.isOutage) throw refusal
      await backoff.wait(signal, (refusal.retryAfterSeconds ?? 0) * 1000)
    } catch (error) {
      signal.throwIfAborted()
      // A phone that slept, a network that changed: the message stays at the relay meanwhile.
      if (!(error instanceof PubkyError) || !error.isOutage) throw error
      await backoff.wait(signal)
    }
  }
}

function open(secret: Uint8Array, sealed: Uint8Array): Uint8Array {
  const plaintext = readAnswer(() => decryptFromChannel(secret, sealed))
  if (plaintext.length > 0) return plaintext
  throw new PubkyError('auth_answer_invalid', { detail: 'an empty message' })
}

function readAnswer<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('auth_answer_invalid', { cause })
  }
}
