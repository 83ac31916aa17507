import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { parsePublicKey, parsePublicKeyLenient } from '@pubky/protocol/keys'
import { createPubky, type Pubky, type Session } from '@pubky/sdk'
import { clientSigner, KeyError, keys, rootSigner } from '../../keys/index.ts'
import type { RuntimeConfig } from '../config.ts'
import { type Account, changeAccount, currentAccount, putAccount } from './accounts.ts'
import { type RootSecret, whileOpen } from './root.ts'

// Loaded only when somebody signs up, signs in or writes.

const CAPABILITIES = '/pub/pubky.app/:rw'
const GRANT_SECONDS = 730 * 24 * 3600
/** A grant begins before now: the clock of a browser may be ahead of the homeserver's. */
const CLOCK_SLACK_SECONDS = 24 * 3600

export type SignInStep = 'open' | 'find' | 'grant' | 'profile'

let client: Pubky | null = null

export function pubkyClient(config: RuntimeConfig): Pubky {
  client ??= createPubky({
    relays: [...config.relays],
    ...(config.network === 'local' ? { localHost: 'localhost' } : {}),
  })
  return client
}

/** Gives this browser a key of its own for a person and opens a session with it. */
async function settle(config: RuntimeConfig, user: PublicKeyZ32): Promise<[Session, Account]> {
  const issued = await keys.issueGrant(user, {
    clientId: config.clientId,
    capabilities: CAPABILITIES,
    nowSeconds: Math.floor(Date.now() / 1000) - CLOCK_SLACK_SECONDS,
    lifeSeconds: GRANT_SECONDS,
  })
  const signer = clientSigner(user, issued.client, issued.grant)
  const session = await pubkyClient(config).openGrant(issued.grant, signer)
  return [session, { user, stage: 'profile', backup: 'done', ...issued }]
}

/** Makes a root key for a new account, or returns the one that waits for its sign-up. */
export async function makeRoot(): Promise<string> {
  const waiting = currentAccount()
  if (waiting?.stage === 'created' && (await keys.hasRoot(parsePublicKey(waiting.user))))
    return waiting.user
  const { user } = await keys.createRoot()
  putAccount({ user, stage: 'created', backup: 'pending', client: null, grant: null })
  return user
}

/** Creates the account on a homeserver. A repeated call after a lost answer succeeds. */
export async function signUp(
  config: RuntimeConfig,
  o: { user: string; homeserver: string; token?: string },
): Promise<void> {
  const user = parsePublicKey(o.user)
  const homeserver = parsePublicKeyLenient(o.homeserver)
  const token = o.token ? { token: o.token } : {}
  await pubkyClient(config).signUp(rootSigner(user), homeserver, token)
  const [session, account] = await settle(config, user)
  await keys.finishRoot(user)
  remember(account, session)
  putAccount({ ...account, backup: 'pending' })
}

/** Signs in with the root key, which is forgotten again when this browser has its own. */
export async function signIn(
  config: RuntimeConfig,
  secret: RootSecret,
  onStep: (step: SignInStep) => void,
): Promise<{ hasProfile: boolean }> {
  onStep('open')
  return whileOpen(secret, async (user) => {
    onStep('find')
    const homeserver = await pubkyClient(config).homeserverOf(user)
    if (!homeserver) throw Object.assign(new Error('no homeserver'), { code: 'no_homeserver' })
    onStep('grant')
    const [session, account] = await settle(config, user)
    onStep('profile')
    const profile = await session.storage.head(`pubky://${user}/pub/pubky.app/profile.json`)
    remember(account, session)
    putAccount({ ...account, stage: profile ? 'ready' : 'profile' })
    return { hasProfile: profile !== null }
  })
}

/** Of each person, with the grant it was opened with. */
const sessions = new Map<string, { grant: string | null; session: Promise<Session> }>()

function remember({ user, grant }: Account, session: Session): void {
  sessions.set(user, { grant, session: Promise.resolve(session) })
}

/** The open session of an account; the next call tries again after a failure. */
export function sessionOf(config: RuntimeConfig, account: Account): Promise<Session> {
  const { user, grant } = account
  const open = sessions.get(user)
  // Who has signed in again, perhaps in another tab, has another grant.
  if (open?.grant === grant) return open.session
  const opening = { grant, session: openSession(config, account) }
  sessions.set(user, opening)
  opening.session.catch(() => {
    if (sessions.get(user) === opening) sessions.delete(user)
  })
  return opening.session
}

/** The next write opens a new session. */
export function forgetSession(user: string): void {
  sessions.delete(user)
}

/** The account lives elsewhere now: what this tab knew of its home is read again. */
export async function followHome(config: RuntimeConfig, user: string): Promise<void> {
  forgetSession(user)
  await pubkyClient(config).homeserverOf(parsePublicKey(user), { policy: 'network-only' })
}

async function openSession(config: RuntimeConfig, account: Account): Promise<Session> {
  if (!account.client || !account.grant) throw new KeyError('no_key')
  const user = parsePublicKey(account.user)
  const signer = clientSigner(user, parsePublicKey(account.client), account.grant)
  return pubkyClient(config).openGrant(account.grant, signer)
}

/** The backup is confirmed: the root key leaves this browser. */
export async function confirmBackup(user: string): Promise<void> {
  await keys.dropRoot(parsePublicKey(user))
  changeAccount(user, { backup: 'done' })
}
