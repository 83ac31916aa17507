import {
  type EventId,
  type MoveAction,
  ProtocolError,
  type PublicKeyZ32,
  parseEventId,
  ROOT_CAPABILITIES,
  randomKeypair,
  type Signer,
  signAuthToken,
  signMoveStatement,
} from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { expectOk, readJson } from './http.ts'
import { insist } from './move-retry.ts'
import type { Pubky, Session } from './types.ts'

const CLIENT_ID = 'pubky.move'
const SESSION_SECONDS = 86_400

/** How an account stands at a homeserver. */
export interface HomeState {
  state: 'here' | 'moving' | 'moved'
  /** Last event of the account when the statement was taken. */
  cursor: EventId | null
}

/** Opens a session with every right at one home, whatever the record says. */
export async function openRootSession(
  pubky: Pubky,
  root: Signer,
  homeserver: PublicKeyZ32,
  { signal }: Opt = {},
): Promise<Session> {
  const opt = signal ? { signal } : {}
  const { clock } = await insist(() => pubky.hosts.find(homeserver, opt), opt)
  const client = randomKeypair()
  const grant = await pubky.grant(root, client.publicKey, {
    clientId: CLIENT_ID,
    capabilities: ROOT_CAPABILITIES,
    expSeconds: SESSION_SECONDS,
    at: clock.now(),
  })
  try {
    return await insist(() => pubky.openGrant(grant, client, { homeserver, ...opt }), opt)
  } catch (error) {
    const knowsNoGrants =
      error instanceof PubkyError && (error.status === 404 || error.status === 405)
    if (!knowsNoGrants) throw error
    // Servers of older generations; one that has no such account refuses again.
    return insist(
      async () =>
        pubky.openToken(await signAuthToken(root, ROOT_CAPABILITIES, clock.next()), {
          homeserver,
          ...opt,
        }),
      opt,
    )
  }
}

export async function canFreeze(pubky: Pubky, homeserver: PublicKeyZ32, o: Opt = {}) {
  const host = await insist(() => pubky.hosts.find(homeserver, o), o)
  return host.features.has('moving')
}

/** Says to a home what its owner wants (docs/moving-house.md). */
export async function tellHome(
  pubky: Pubky,
  root: Signer,
  homeserver: PublicKeyZ32,
  action: MoveAction,
  target: PublicKeyZ32 | null,
  { signal }: Opt = {},
): Promise<HomeState> {
  const host = await pubky.hosts.find(homeserver, signal ? { signal } : {})
  const timestamp = host.clock.next()
  const body = await signMoveStatement(root, homeserver, { action, timestamp, target })
  const response = await host.fetch(root.publicKey, '/moving', {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    signal,
  })
  return readState(await readJson(await expectOk(response)))
}

export async function homeState(
  pubky: Pubky,
  user: PublicKeyZ32,
  homeserver: PublicKeyZ32,
  { signal }: Opt = {},
): Promise<HomeState> {
  const host = await pubky.hosts.find(homeserver, signal ? { signal } : {})
  const response = await host.fetch(user, '/moving', { signal, cache: 'no-store' })
  return readState(await readJson(await expectOk(response)))
}

/**
 * How a home fails that is not there, the last once its record has gone, too; being asked to wait, or nobody
 * to ask, says nothing of it.
 */
const SILENCE = new Set<string>(['network', 'timeout', 'server', 'no_endpoint'])

/** Whether a home stays silent, asked with patience how an account stands there. */
export async function isGone(
  pubky: Pubky,
  user: PublicKeyZ32,
  homeserver: PublicKeyZ32,
  o: Opt = {},
): Promise<boolean> {
  try {
    await insist(() => homeState(pubky, user, homeserver, o), o)
    return false
  } catch (error) {
    o.signal?.throwIfAborted()
    if (!(error instanceof PubkyError)) throw error
    return SILENCE.has(error.code)
  }
}

function readState(answer: unknown): HomeState {
  const { state, cursor } = (answer ?? {}) as Record<string, unknown>
  if (state !== 'here' && state !== 'moving' && state !== 'moved')
    throw new PubkyError('bad_answer', { detail: 'no state of an account' })
  try {
    return { state, cursor: typeof cursor === 'string' ? parseEventId(cursor) : null }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('bad_answer', { cause })
  }
}

/**
 * Keeps a home frozen until what it returns is called. A renewal that fails is made up for by the next
 * one, and what the home took in between is seen from the cursor in its next answer.
 */
export function keepFrozen(freeze: () => Promise<unknown>, everyMs: number): () => void {
  const timer = setInterval(() => void freeze().catch(() => {}), everyMs)
  return () => clearInterval(timer)
}
