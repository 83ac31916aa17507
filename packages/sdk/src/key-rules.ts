import {
  encodeKeyRule,
  type KeyRule,
  keptList,
  keptPath,
  MAX_KEPT,
  type Micros,
  POLICY_PATH,
  ProtocolError,
  type PublicKeyZ32,
  parseObjectProof,
  revocationPath,
  type Signer,
  type StoragePath,
  withPolicyText,
} from '@pubky/protocol'
import type { Opt } from './dht.ts'
import { PubkyError } from './errors.ts'
import { openRootSession } from './move-home.ts'
import { eachAtOnce, insist } from './move-retry.ts'
import { accountSource } from './move-source.ts'
import type { SourceMeta } from './move-types.ts'
import { publishRecords } from './pkarr/publish.ts'
import { signOver } from './sign-over.ts'
import type { Pubky, Session } from './types.ts'

const WIDTH = 8
/** A record has room for 1000 bytes in all. */
const MAX_POLICY_BYTES = 600

async function withRootSession<T>(
  pubky: Pubky,
  root: Signer,
  opt: Opt,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const user = root.publicKey
  const homeserver = await insist(
    () => pubky.homeserverOf(user, { ...opt, policy: 'network-only' }),
    opt,
  )
  if (!homeserver) throw new PubkyError('no_homeserver', { detail: user })
  const session = await openRootSession(pubky, root, homeserver, opt)
  try {
    return await work(session)
  } finally {
    await Promise.allSettled([session.signOut()])
  }
}

async function write(
  session: Session,
  root: Signer,
  rule: KeyRule,
  path: StoragePath,
  opt: Opt,
): Promise<void> {
  await session.storage.put(path, encodeKeyRule(rule), { signer: root, ...opt })
}

/**
 * Says below which paths everything is due to be signed from `since` on; none takes it back. It stands
 * in the account and in the record, so that no homeserver can hide it. Rejects with `too_large` when
 * the record has no room for it.
 */
export async function setPolicy(
  pubky: Pubky,
  root: Signer,
  o: Opt & { signed: readonly StoragePath[]; since?: Micros; now?: () => Micros },
): Promise<void> {
  const { signed, since, now, ...opt } = o
  await withRootSession(pubky, root, opt, async (session) => {
    const host = await pubky.hosts.find(session.homeserver, opt)
    const at = Number(since ?? host.clock.now())
    const rule = { says: 'policy', signed, since: at } as const
    const text = encodeKeyRule(rule)
    if (text.length > MAX_POLICY_BYTES)
      throw new PubkyError('too_large', { detail: `a policy of ${text.length} bytes` })
    await write(session, root, rule, POLICY_PATH, opt)
    const mirrored = signed.length === 0 ? null : text
    await publishRecords(
      pubky.pkarr,
      root,
      (previous) => withPolicyText(previous?.records ?? [], mirrored),
      { ...opt, ...(now && { now }) },
    )
  })
}

/**
 * Revokes a key that signs objects: what it signs from `at` on holds nowhere. What it signed before
 * and is stored now is listed, so that it holds for those too who see it later. Never taken back. A list holds
 * so many; beyond that the smallest objects are signed anew by the root key before, which goes on where
 * it was when it is cut off and repeated. Resolves to how many statements hold on, and how many of these
 * were signed anew.
 */
export async function revokeSigner(
  pubky: Pubky,
  root: Signer,
  signer: PublicKeyZ32,
  o: Opt & {
    at?: Micros
    /** The total grows by what is to be signed anew, once that is known. */
    onProgress?: (looked: { done: number; total: number }) => void
    maxKept?: number
  } = {},
): Promise<{ kept: number; signedAnew: number }> {
  const { at: from, onProgress, maxKept = MAX_KEPT, ...opt } = o
  return withRootSession(pubky, root, opt, async (session) => {
    const host = await pubky.hosts.find(session.homeserver, opt)
    const at = Number(from ?? host.clock.now())
    const source = accountSource(session, host)
    const paths: StoragePath[] = []
    for await (const path of source.paths(o.signal)) paths.push(path)
    const statements: SourceMeta[] = []
    let done = 0
    let total = paths.length
    const tell = () => {
      done += 1
      onProgress?.({ done, total })
    }
    await eachAtOnce(paths, WIDTH, async (path) => {
      const meta = await source.head(path, o.signal)
      const said = meta?.proof ? statedBy(meta.proof) : null
      if (meta && said?.signer === signer && said.timestamp < BigInt(at)) statements.push(meta)
      tell()
    })
    statements.sort((a, b) => b.size - a.size)
    const anew = host.features.has('object-signatures') ? statements.splice(maxKept) : []
    total += anew.length
    const before = BigInt(at)
    const sign = signOver({ session, host, source, owner: root, by: signer, before, ...opt })
    await eachAtOnce(anew, WIDTH, async ({ path }) => {
      await sign(path)
      tell()
    })
    const list = keptList(statements)
    const keep = statements.length === 0 ? null : list.root
    if (keep) await write(session, root, list, keptPath(keep), opt)
    await write(session, root, { says: 'revoked', signer, at, keep }, revocationPath(signer), opt)
    return { kept: statements.length + anew.length, signedAnew: anew.length }
  })
}

/** The homeserver has verified what it serves; what does not parse says nothing. */
function statedBy(proof: Uint8Array) {
  try {
    return parseObjectProof(proof)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
