import {
  channelUrl,
  encryptForChannel,
  formatCapabilities,
  formatCapability,
  GRANT_LIFETIME_SECONDS,
  type Micros,
  ProtocolError,
  type PublicKeyZ32,
  parseDeepLink,
  type Signer,
  signAuthToken,
  signGrant,
  utf8,
} from '@pubky/protocol'
import { isLinkRelay } from './auth-flow.ts'
import type { ApproveOptions, ChannelRequest } from './auth-types.ts'
import { createBackoff } from './backoff.ts'
import type { Opt } from './dht.ts'
import { isOutage, PubkyError } from './errors.ts'
import { discard, expectOk, send } from './http.ts'

/** An older relay answers only when the app has taken the message. */
const LINK_TIMEOUT_MS = 90_000
const INBOX_TIMEOUT_MS = 20_000
const TRIES = 4
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 2_000

export interface ApproveContext {
  fetch: typeof fetch
  /** The time as the homeserver of a user has it, or ours when it cannot be asked. */
  timeAt(user: PublicKeyZ32, homeserver: PublicKeyZ32 | null, o: Opt): Promise<Micros>
  signUp(root: Signer, homeserver: PublicKeyZ32, o: Opt & { token?: string }): Promise<void>
}

/**
 * The key manager's side: does what a link asks, with the key it is asked of. Sign-up links make the
 * account and publish its record first, or the app would find nobody (spec/homeserver.md 3.4).
 */
export async function approveAuth(
  ctx: ApproveContext,
  root: Signer,
  url: string,
  o: ApproveOptions = {},
): Promise<void> {
  const link = read(url)
  const opt = o.signal ? { signal: o.signal } : {}
  if (link.intent === 'secret_export')
    throw new PubkyError('auth_link_invalid', { detail: 'a secret key is not an approval' })
  if ('homeserver' in link) {
    const token = link.signupToken === null ? {} : { token: link.signupToken }
    await ctx.signUp(root, link.homeserver, { ...opt, ...token })
  }
  if (link.intent === 'direct_signup') return
  const now = await ctx.timeAt(root.publicKey, 'homeserver' in link ? link.homeserver : null, opt)
  const message = await answer(link, root, now, o.expSeconds ?? GRANT_LIFETIME_SECONDS)
  await leave(ctx.fetch, link, encryptForChannel(link.secret, message), o.signal)
}

function read(url: string) {
  try {
    return parseDeepLink(url)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('auth_link_invalid', { cause, detail: cause.message })
  }
}

async function answer(
  link: ChannelRequest,
  root: Signer,
  now: Micros,
  expSeconds: number,
): Promise<Uint8Array> {
  if (!('clientId' in link)) return signAuthToken(root, formatCapabilities(link.capabilities), now)
  const iat = Number(now / 1_000_000n)
  const caps = link.capabilities.map(formatCapability)
  const { clientId, clientKey: cnf } = link
  return utf8(await signGrant(root, { clientId, caps, cnf, iat, exp: iat + expSeconds }))
}

/** Leaves the answer at the relay; again when it got lost, which replaces it by itself. */
async function leave(
  fetcher: typeof fetch,
  { relay, secret }: ChannelRequest,
  sealed: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  const request = {
    method: 'POST',
    body: sealed as Uint8Array<ArrayBuffer>,
    credentials: 'omit',
    timeoutMs: isLinkRelay(relay) ? LINK_TIMEOUT_MS : INBOX_TIMEOUT_MS,
    signal,
  } as const
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await discard(await expectOk(await send(fetcher, channelUrl(relay, secret), request)))
    } catch (error) {
      signal?.throwIfAborted()
      const isLate = error instanceof PubkyError && error.code === 'timeout'
      if (!isOutage(error) || isLate || attempt === TRIES) throw error
      await backoff.wait(signal)
    }
  }
}
