import {
  isDueBy,
  KEYS_FOLDER,
  type KeyRule,
  POLICY_PATH,
  ProtocolError,
  type PublicKeyZ32,
  parsePolicy,
  parseUri,
  policyTextOf,
  type StoragePath,
  toMicros,
} from '@pubky/protocol'
import type { Pubky } from '@pubky/sdk'
import { parseFrame } from '@pubky/sdk/feed-event'
import type { Host } from '@pubky/sdk/host'
import { expectOk } from '@pubky/sdk/http'
import { revokeSigner, setPolicy } from '@pubky/sdk/key-rules'
import { readRule } from '@pubky/sdk/read-rule'
import { readSse } from '@pubky/sdk/sse'
import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { pubkyClient } from '../session/connection.ts'
import { type RootSecret, withRoot } from '../session/root.ts'
import { countSessionsOf, endSessionsOf } from './sessions.ts'
import { keyCollector, type SigningKey } from './signing-keys.ts'

// Loaded when somebody looks at who signs for them. All of it is public: only changes need the key.

const IDLE_MS = 20_000
const MOST_REVOKED = 200
/** What this app writes to. */
const SOCIAL = '/pub/pubky.app/' as StoragePath

export interface KeyRules {
  /** Whether the homeserver keeps signatures; where it does not, nothing can be told. */
  keepsProofs: boolean
  keys: readonly SigningKey[]
  /** Whether everything was read, or only what was written lately. */
  isWhole: boolean
  /** From when on everything that this app writes is due to be signed; null when it is not. */
  requiredSinceMs: number | null
}

/** Reads who signed the last `most` changes, which keys are revoked, and what is required. */
export async function readKeyRules(
  config: RuntimeConfig,
  user: PublicKeyZ32,
  o: { most: number; signal: AbortSignal },
): Promise<KeyRules> {
  const { most, signal } = o
  const pubky = pubkyClient(config)
  const homeserver = await pubky.homeserverOf(user, { signal })
  if (!homeserver) throw failure('no_homeserver')
  const host = await pubky.hosts.find(homeserver, { signal })
  const keepsProofs = host.features.has('object-signatures')
  if (!keepsProofs) return { keepsProofs, keys: [], isWhole: true, requiredSinceMs: null }
  const collector = keyCollector(user)
  const [count, revoked, policies] = await Promise.all([
    readHistory(host, user, o, collector.add),
    readRevoked(pubky, user, signal),
    readPolicies(pubky, user, signal),
  ])
  const since = policies.filter(coversSocial).map((policy) => policy.since)
  for (const rule of revoked) collector.revoke(rule.signer, rule.at / 1000)
  return {
    keepsProofs,
    keys: collector.list(),
    isWhole: count < most,
    requiredSinceMs: since.length > 0 ? Math.min(...since) / 1000 : null,
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`key rules: ${code}`), { code })
}

/** The newest public changes, each with its proof; resolves to how many there were. */
async function readHistory(
  host: Host,
  user: PublicKeyZ32,
  { most, signal }: { most: number; signal: AbortSignal },
  onProof: (proof: Uint8Array) => Promise<void>,
): Promise<number> {
  const query = new URLSearchParams({ user, reverse: 'true', limit: String(most) })
  const request = { signal, cache: 'no-store', headers: { accept: 'text/event-stream' } } as const
  const response = await expectOk(await host.fetch(host.key, `/events-stream?${query}`, request))
  let count = 0
  for await (const frame of readSse(response, { idleMs: IDLE_MS })) {
    const step = parseFrame(frame)
    if (!step) continue
    count += 1
    if (step.event?.user === user && step.event.proof) await onProof(step.event.proof)
  }
  signal.throwIfAborted()
  return count
}

async function readRevoked(pubky: Pubky, user: PublicKeyZ32, signal: AbortSignal) {
  const folder = `pubky://${user}${KEYS_FOLDER}revoked/`
  const found: (KeyRule & { says: 'revoked' })[] = []
  for await (const uri of pubky.storage.list(folder, { limit: MOST_REVOKED, signal })) {
    const rule = await readRule(pubky.storage, parseUri(uri), { signal })
    if (rule?.says === 'revoked') found.push(rule)
  }
  return found
}

type PolicyRule = KeyRule & { says: 'policy' }

/** What the homeserver says and what the record of the address says: verifiers count either. */
async function readPolicies(
  pubky: Pubky,
  owner: PublicKeyZ32,
  signal: AbortSignal,
): Promise<PolicyRule[]> {
  const [told, packet] = await Promise.all([
    readRule(pubky.storage, { owner, path: POLICY_PATH }, { signal }),
    pubky.resolve(owner, { signal }),
  ])
  const text = packet && policyTextOf(packet)
  return [told, text ? parsedPolicy(text) : null].filter((rule) => rule?.says === 'policy')
}

function parsedPolicy(text: Uint8Array): PolicyRule | null {
  try {
    return parsePolicy(text)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function coversSocial(policy: PolicyRule): boolean {
  return isDueBy(policy, `${SOCIAL}profile.json` as StoragePath, policy.since)
}

interface Change {
  config: RuntimeConfig
  account: Account
  secret: RootSecret
  signal: AbortSignal
}

/** What a revocation has done. */
export interface Revoked {
  /** How many things that the key signed stay as they are. */
  kept: number
  /** How many sessions were ended; null when the homeserver could not be asked. */
  ended: number | null
}

/** Revokes a key, from now on or from an earlier moment, and signs out who holds it. */
export function revokeKey(
  o: Change & {
    key: PublicKeyZ32
    fromMs: number | null
    onProgress: (looked: { done: number; total: number }) => void
  },
): Promise<Revoked> {
  const { config, account, secret, signal, key, fromMs, onProgress } = o
  const pubky = pubkyClient(config)
  return withRoot(account.user, secret, async (root) => {
    const at = fromMs === null ? {} : { at: toMicros(BigInt(fromMs) * 1000n) }
    const sought = { pubky, root, key, signal }
    const held = await countSessionsOf(sought).catch(() => 0)
    const { kept } = await revokeSigner(pubky, root, key, { signal, onProgress, ...at })
    // The key counts for nothing already: what fails now can be repeated where the sessions are. Most
    // homeservers have ended them by the revocation.
    const left = await endSessionsOf(sought).catch(() => null)
    return { kept, ended: left === null ? null : Math.max(held, left) }
  })
}

/** Asks for signatures on everything that this app writes, or no longer. Other paths stay as they are. */
export function requireSignatures(o: Change & { isOn: boolean }): Promise<void> {
  const { config, account, secret, signal, isOn } = o
  const pubky = pubkyClient(config)
  return withRoot(account.user, secret, async (root) => {
    const [policy] = await readPolicies(pubky, root.publicKey, signal)
    const others = (policy?.signed ?? []).filter((path) => !SOCIAL.startsWith(path))
    if (isOn) return setPolicy(pubky, root, { signed: [...others, SOCIAL], signal })
    const since = policy && others.length > 0 ? { since: toMicros(BigInt(policy.since)) } : {}
    return setPolicy(pubky, root, { signed: others, signal, ...since })
  })
}
