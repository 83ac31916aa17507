import {
  decodeGrantCredential,
  GRANT_LIFETIME_SECONDS,
  homeserverOf as homeserverIn,
  type Keypair,
  type Micros,
  nowMicros,
  ProtocolError,
  type PublicKeyZ32,
  policyTextOf,
  type Signer,
  signerFromKeypair,
  signGrant,
} from '@pubky/protocol'
import type { AuthContext } from './auth-flow.ts'
import type { CookieSessionOptions } from './cookie-session.ts'
import type { Dht, Opt } from './dht.ts'
import { originOf } from './endpoint.ts'
import { PubkyError } from './errors.ts'
import { openGrantSession, readGrant } from './grant-session.ts'
import { createHosts } from './host.ts'
import { createPkarrClient, type PkarrClient, type ResolvePolicy } from './pkarr/client.ts'
import { createReads, storageRequest } from './public-storage.ts'
import { signUpAt, userExists } from './sign-up.ts'
import type { GrantOptions, GrantRequest, Pubky, Session } from './types.ts'

export interface PubkyOptions {
  /** PKARR relays, asked all at once. */
  relays?: readonly string[]
  /** The DHT itself, where there is one (Node). */
  dht?: Pick<Dht, 'get' | 'put'>
  /** On a server, one that refuses private addresses. */
  fetch?: typeof fetch
  now?: () => Micros
  /** On the local network only: the host name that is reached over plain HTTP. */
  localHost?: string
  /** Instead of one made of `relays` and `dht`. */
  pkarr?: PkarrClient
}

/**
 * The client of the Pubky network.
 *
 * @example
 * const pubky = createPubky({ relays: ['http://localhost:15411'], localHost: 'localhost' })
 * const session = await pubky.signUpGrant(root, { homeserver, client, clientId: 'example.org', capabilities: '/pub/example.org/:rw' })
 * await session.storage.put('/pub/example.org/hello.txt', new TextEncoder().encode('hello'))
 */
export function createPubky(o: PubkyOptions): Pubky {
  const now = o.now ?? nowMicros
  const call: typeof fetch = o.fetch ?? ((input, init) => fetch(input, init))
  const pkarr = o.pkarr ?? createPkarrClient({ ...o, fetch: call, now })
  const { localHost } = o
  const hosts = createHosts({ pkarr, fetch: call, now, localHost })
  const closing = new AbortController()

  function within<T extends Opt>(opt: T): T & { signal: AbortSignal } {
    closing.signal.throwIfAborted()
    // One of its own each: on a signal that all shared, many at once would look like a leak.
    const signals = opt.signal ? [opt.signal, closing.signal] : [closing.signal]
    return { ...opt, signal: AbortSignal.any(signals) }
  }

  async function homeserverOf(user: PublicKeyZ32, opt: Opt & { policy?: ResolvePolicy } = {}) {
    const packet = await pkarr.resolve(user, opt)
    return packet && homeserverIn(packet)
  }

  async function mustHaveHomeserver(user: PublicKeyZ32, signal?: AbortSignal) {
    const opt = signal ? { signal } : {}
    const known = await homeserverOf(user, opt)
    // A record that was published a moment ago may be missing in what relays keep.
    const found = known ?? (await homeserverOf(user, { ...opt, policy: 'network-only' }))
    if (!found) throw new PubkyError('no_homeserver', { detail: user })
    return found
  }

  const storage = createReads(async (at, query, request) => {
    const { signal } = within(request.signal ? { signal: request.signal } : {})
    const homeserver = await mustHaveHomeserver(at.owner, signal)
    return storageRequest(await hosts.find(homeserver, { signal }), at, query, {
      ...request,
      signal,
    })
  })

  async function publishHomeserver(root: Signer, homeserver: PublicKeyZ32, opt: Opt = {}) {
    // Signing DNS messages is code that few pages need.
    const { publishHomeserver: publish } = await import('./pkarr/publish.ts')
    await publish(pkarr, root, homeserver, { ...within(opt), now })
  }

  /** Behind a sign-in, which does not depend on it. */
  function refreshRecord(root: Signer, homeserver: PublicKeyZ32): void {
    import('./pkarr/publish.ts')
      .then(({ publishIfStale }) => publishIfStale(pkarr, root, homeserver, { now }))
      .catch(() => {})
  }

  async function grant(root: Signer, client: PublicKeyZ32, r: GrantOptions): Promise<string> {
    const { clientId, capabilities, expSeconds = GRANT_LIFETIME_SECONDS, at = now() } = r
    const iat = Number(at / 1_000_000n)
    const caps = capabilities === '' ? [] : capabilities.split(',')
    return signGrant(root, { clientId, caps, cnf: client, iat, exp: iat + expSeconds })
  }

  async function open(
    grantText: string,
    client: Signer | Keypair,
    from: { homeserver?: PublicKeyZ32 | undefined; signal?: AbortSignal },
  ): Promise<Session> {
    const pair = 'secretKey' in client ? client : undefined
    const { iss } = readGrant(grantText, client.publicKey)
    const homeserver = from.homeserver ?? (await mustHaveHomeserver(iss, from.signal))
    return openGrantSession({
      hosts,
      homeserver,
      grant: grantText,
      client: 'secretKey' in client ? signerFromKeypair(client) : client,
      exportable: pair,
      homeserverOf: mustHaveHomeserver,
      signal: from.signal,
    })
  }

  async function openNewGrant(root: Signer, r: GrantRequest, at?: PublicKeyZ32) {
    const { signal } = within(r)
    const homeserver = at ?? (await mustHaveHomeserver(root.publicKey, signal))
    // A grant from the future would not cover what is signed now, so the server's clock counts.
    const { clock } = await hosts.find(homeserver, { signal })
    const text = await grant(root, r.client.publicKey, { ...r, at: clock.now() })
    return open(text, r.client, { signal, homeserver })
  }

  async function signUp(
    root: Signer,
    homeserver: PublicKeyZ32,
    opt: Opt & { token?: string } = {},
  ): Promise<void> {
    const { existed } = await signUpAt(hosts, root, homeserver, within(opt))
    if (existed) {
      const current = await homeserverOf(root.publicKey, { ...within(opt), policy: 'network-only' })
      if (current === homeserver) return
      if (current) throw userExists()
    }
    await publishHomeserver(root, homeserver, opt)
  }

  function cookie(user: PublicKeyZ32, homeserver: PublicKeyZ32, root: Signer | null) {
    const options: CookieSessionOptions = {
      hosts,
      homeserver,
      user,
      signer: root,
      homeserverOf: mustHaveHomeserver,
    }
    return options
  }

  const auth: AuthContext = {
    fetch: call,
    openGrant: (text, client, opt) => open(text, client, within(opt)),
    async openToken(token, opt) {
      const { openTokenSession } = await import('./token-session.ts')
      const { signal } = within(opt)
      return openTokenSession(token, { now, signal }, async (user) => {
        const homeserver = opt.homeserver ?? (await mustHaveHomeserver(user, signal))
        return cookie(user, homeserver, null)
      })
    },
  }

  /** A grant or token from the future would be refused, so the homeserver's clock counts. */
  async function timeAt(user: PublicKeyZ32, at: PublicKeyZ32 | null, opt: Opt): Promise<Micros> {
    try {
      const homeserver = at ?? (await mustHaveHomeserver(user, opt.signal))
      return (await hosts.find(homeserver, opt)).clock.now()
    } catch (error) {
      opt.signal?.throwIfAborted()
      if (!(error instanceof PubkyError)) throw error
      return now()
    }
  }

  return {
    pkarr,
    hosts,
    storage,
    resolve: async (key, opt = {}) => pkarr.resolve(key, within(opt)),
    homeserverOf: async (user, opt = {}) => homeserverOf(user, within(opt)),
    originOf: async (homeserver, opt = {}) =>
      originOf(pkarr, homeserver, { ...within(opt), localHost }),
    signUp,
    async signUpGrant(root, r) {
      const token = r.signupToken === undefined ? {} : { token: r.signupToken }
      await signUp(root, r.homeserver, { ...token, ...(r.signal ? { signal: r.signal } : {}) })
      return openNewGrant(root, r, r.homeserver)
    },
    async signInGrant(root, r) {
      const session = await openNewGrant(root, r)
      refreshRecord(root, session.homeserver)
      return session
    },
    async signUpCookie(root, homeserver, opt = {}) {
      const [{ sessionFromAnswer }, { signUpWithToken }] = await Promise.all([
        import('./cookie-session.ts'),
        import('./sign-up.ts'),
      ])
      const response = await signUpWithToken(hosts, root, homeserver, within(opt))
      const session = await sessionFromAnswer(cookie(root.publicKey, homeserver, root), response)
      await publishHomeserver(root, homeserver, opt)
      return session
    },
    async signInCookie(root, opt = {}) {
      const [{ sessionFromAnswer }, { postAuthToken }] = await Promise.all([
        import('./cookie-session.ts'),
        import('./sign-up.ts'),
      ])
      const { signal } = within(opt)
      const user = root.publicKey
      const homeserver = await mustHaveHomeserver(user, signal)
      const host = await hosts.find(homeserver, { signal })
      const request = { signal, capabilities: opt.capabilities }
      const response = await postAuthToken(host, user, root, '/session', request)
      return sessionFromAnswer(cookie(user, homeserver, root), response)
    },
    publishHomeserver,
    grant,
    openGrant: async (text, client, opt = {}) => open(text, client, within(opt)),
    openToken: async (token, opt = {}) => auth.openToken(token, opt),
    async startAuth(request, opt = {}) {
      const { startAuthFlow } = await import('./auth-flow.ts')
      return startAuthFlow(auth, request, within(opt))
    },
    async resumeAuth(url, client, opt = {}) {
      const { resumeAuthFlow } = await import('./auth-flow.ts')
      return resumeAuthFlow(auth, url, client, within(opt))
    },
    async approveAuth(root, url, opt = {}) {
      const { approveAuth } = await import('./auth-approve.ts')
      await approveAuth({ fetch: call, timeAt, signUp }, root, url, within(opt))
    },
    async restore(exported, opt = {}) {
      const { signal } = within(opt)
      if (exported.startsWith('pubky-grant-credential-')) {
        const { homeserver, client, grant: text } = readCredential(exported)
        return open(text, client, { homeserver, signal })
      }
      const cookies = await import('./cookie-session.ts')
      const { user, secret } = cookies.readCookieExport(exported)
      const homeserver = await mustHaveHomeserver(user, signal)
      return cookies.restoreCookieSession(cookie(user, homeserver, null), secret, signal)
    },
    async *events(homeserver, q, opt = {}) {
      const { readEvents } = await import('./events.ts')
      yield* readEvents(hosts, homeserver, q, within(opt))
    },
    async verifyObject(uri, opt = {}) {
      const { verifyObject } = await import('./verify.ts')
      const keepsProofs = async (owner: PublicKeyZ32) => {
        const { signal } = within(opt)
        const host = await hosts.find(await mustHaveHomeserver(owner, signal), { signal })
        return host.features.has('object-signatures')
      }
      const policyText = async (owner: PublicKeyZ32) => {
        const packet = await pkarr.resolve(owner, within(opt))
        return packet && policyTextOf(packet)
      }
      return verifyObject(storage, uri, { ...within(opt), keepsProofs, policyText })
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new DOMException('The client was closed.', 'AbortError'))
    },
  }
}

function readCredential(text: string) {
  try {
    return decodeGrantCredential(text)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('bad_credential', { cause })
  }
}
