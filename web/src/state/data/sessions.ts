import type { PublicKeyZ32, Signer } from '@pubky/protocol'
import { ROOT_CAPABILITIES } from '@pubky/protocol/capabilities'
import { decodeGrant } from '@pubky/protocol/grant'
import { randomKeypair } from '@pubky/protocol/keys'
import type { Pubky, Session } from '@pubky/sdk'
import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { pubkyClient } from '../session/connection.ts'
import { type RootSecret, withRoot } from '../session/root.ts'
import { parseSessions, type SignedIn } from './signed-in.ts'

// Loaded when somebody looks at where they are signed in.

const CLIENT_ID = 'pubky.settings'
/** What a page leaves behind that was closed without a word ends soon by itself. */
const DOOR_SECONDS = 900

/** The right to see and end sessions, for as long as somebody looks at them. */
export interface SessionsDoor {
  /** Everywhere but this door, the last used first. */
  list(signal: AbortSignal): Promise<SignedIn[]>
  /** Ends one at once; one that has ended before is no failure. */
  end(id: string): Promise<void>
  close(): void
}

function failure(code: string): Error {
  return Object.assign(new Error(`sessions: ${code}`), { code })
}

function check(response: Response): Response {
  if (response.ok) return response
  throw failure(response.status === 401 ? 'unauthorized' : 'network')
}

/** Opens the root key only to sign the grant of the door. */
export async function openSessions(
  config: RuntimeConfig,
  account: Account,
  secret: RootSecret,
  o: { signal: AbortSignal },
): Promise<SessionsDoor> {
  const pubky = pubkyClient(config)
  const session = await withRoot(account.user, secret, (root) => rootSession(pubky, root, o))
  return doorOf(session, account.grant ? `grant-${decodeGrant(account.grant).jti}` : null)
}

interface Sought {
  pubky: Pubky
  root: Signer
  key: PublicKeyZ32
  signal: AbortSignal
}

/** How many sessions are signed in with a key, by a root key that is open. */
export function countSessionsOf(o: Sought): Promise<number> {
  return withSessionsOf(o, async (_, held) => held.length)
}

/** Ends whatever is signed in with a key. Resolves to how many it was. */
export function endSessionsOf(o: Sought): Promise<number> {
  return withSessionsOf(o, async (door, held) => {
    for (const { id } of held) await door.end(id)
    return held.length
  })
}

async function withSessionsOf<T>(
  { pubky, root, key, signal }: Sought,
  work: (door: SessionsDoor, held: SignedIn[]) => Promise<T>,
): Promise<T> {
  const door = doorOf(await rootSession(pubky, root, { signal }), null)
  try {
    const all = await door.list(signal)
    return await work(
      door,
      all.filter((session) => session.key === key),
    )
  } finally {
    door.close()
  }
}

/** A session that may see the others; its grant ends soon by itself. */
async function rootSession(
  pubky: Pubky,
  root: Signer,
  { signal }: { signal: AbortSignal },
): Promise<Session> {
  const homeserver = await pubky.homeserverOf(root.publicKey, { signal })
  if (!homeserver) throw failure('no_homeserver')
  const { features, clock } = await pubky.hosts.find(homeserver, { signal })
  if (!features.has('sessions')) throw failure('no_sessions')
  const client = randomKeypair()
  const grant = await pubky.grant(root, client.publicKey, {
    clientId: CLIENT_ID,
    capabilities: ROOT_CAPABILITIES,
    expSeconds: DOOR_SECONDS,
    at: clock.now(),
  })
  return pubky.openGrant(grant, client, { homeserver, signal })
}

/** `own` is the session of this browser. */
function doorOf(session: Session, own: string | null): SessionsDoor {
  const close = () => {
    removeEventListener('pagehide', close)
    // As `signOut`, but it arrives although the page goes away.
    const request = { method: 'DELETE', keepalive: true }
    session.fetch('/auth/grant/session', request).catch(() => {})
  }
  addEventListener('pagehide', close)
  return {
    async list(signal) {
      const response = check(await session.fetch('/sessions', { signal, cache: 'no-store' }))
      return parseSessions(await response.json(), own)
    },
    async end(id) {
      const path = `/sessions/${encodeURIComponent(id)}`
      const response = await session.fetch(path, { method: 'DELETE' })
      if (response.status !== 404) check(response)
    },
    close,
  }
}
