import {
  type EventId,
  FREEZE_SECONDS,
  type PublicKeyZ32,
  type Signer,
  type StoragePath,
} from '@pubky/protocol'
import { sleep } from './backoff.ts'
import { isOutage, PubkyError } from './errors.ts'
import { type Copier, createCopier } from './move-copy.ts'
import { canFreeze, homeState, keepFrozen, openRootSession, tellHome } from './move-home.ts'
import { createManifestKeeper } from './move-manifest.ts'
import { insist } from './move-retry.ts'
import { accountSource, type LiveSource } from './move-source.ts'
import { accountTarget } from './move-target.ts'
import type {
  AccountSource,
  MoveGuarantee,
  MovePlace,
  MoveProgress,
  MoveReport,
  MoveStep,
  PlaceStore,
} from './move-types.ts'
import { signUpAt } from './sign-up.ts'
import type { Pubky, Session } from './types.ts'

const RENEW_MS = (FREEZE_SECONDS * 1000) / 4
/** Catching up with a home that is written to ends when a round brings nothing. */
const MAX_ROUNDS = 20
const CONFIRM_TRIES = 20
const CONFIRM_PAUSE_MS = 500
/** Two lifetimes of a record, during which others may still know the old one (spec/discovery.md). */
const FOLLOW_MS = 2 * 3600 * 1000
const FOLLOW_PAUSE_MS = 2_000

export interface MoveOptions {
  to: PublicKeyZ32
  signupToken?: string
  /** Where the move keeps its place, so that it goes on after an interruption. */
  place: PlaceStore<MovePlace>
  signal?: AbortSignal
  onProgress?: (progress: MoveProgress) => void
  /** How long a home that cannot freeze is followed after publishing. */
  followMs?: number
}

interface Move {
  pubky: Pubky
  root: Signer
  o: MoveOptions
  place: MovePlace
  keep(change: Partial<MovePlace>): Promise<void>
}

/**
 * Moves an account to another homeserver: copies everything with its proofs, freezes the old home, copies
 * what came in the meantime, publishes the new record, sees it in the DHT, and tells the old home. Call it
 * again with the same `place` after whatever interrupted it. Until the record is published the old home
 * is in charge, and thaws by itself.
 */
export async function moveHome(pubky: Pubky, root: Signer, o: MoveOptions): Promise<MoveReport> {
  const move = await begin(pubky, root, o)
  const { from, to } = move.place
  const opt = o.signal ? { signal: o.signal } : {}
  if (from === null || from === to)
    throw new PubkyError('move_refused', { detail: 'there is no other home to move from' })
  if (move.place.guarantee !== null) return finished(move.place.guarantee)
  const target = await enter(move)
  const source = await openRootSession(pubky, root, from, opt)
  try {
    return await run(move, { from, to, source, target })
  } finally {
    // The rights of this move end with it, as far as anybody can be told.
    await Promise.allSettled([source.signOut(), target.signOut()])
  }
}

/** Moves an account out of an archive, when its old home is gone. */
export async function moveFromArchive(
  pubky: Pubky,
  root: Signer,
  o: MoveOptions & { archive: AccountSource },
): Promise<MoveReport> {
  const move = await begin(pubky, root, o)
  const target = await enter(move)
  try {
    const copier = await copierTo(move, o.archive, target)
    await copier.all()
    await copier.keys()
    await publish(move)
    await move.keep({ step: 'done', guarantee: 'archive' })
    return { ...copier.counts, guarantee: 'archive', oldHomeTold: false }
  } finally {
    await Promise.allSettled([target.signOut()])
  }
}

/** A move that had ended before. */
function finished(guarantee: MoveGuarantee): MoveReport {
  const counts = { copied: 0, same: 0, deleted: 0, newer: 0, problems: [] }
  return { ...counts, guarantee, oldHomeTold: guarantee === 'frozen' }
}

async function begin(pubky: Pubky, root: Signer, o: MoveOptions): Promise<Move> {
  const user = root.publicKey
  const opt = { policy: 'network-only' as const, ...(o.signal && { signal: o.signal }) }
  const kept = await o.place.load()
  if (kept && (kept.v !== 1 || kept.user !== user || kept.to !== o.to))
    throw new PubkyError('move_refused', { detail: 'the place kept is of another move' })
  const move: Move = {
    pubky,
    root,
    o,
    place: kept ?? {
      v: 1,
      user,
      from: await insist(() => pubky.homeserverOf(user, opt), opt),
      to: o.to,
      step: 'copy',
      cursor: null,
      publishedAt: null,
      guarantee: null,
    },
    async keep(change) {
      Object.assign(move.place, change)
      await o.place.save({ ...move.place })
    },
  }
  if (!kept) await move.keep({})
  return move
}

/** Makes the account at the new home, where it does not exist yet, and lets it be written. */
async function enter({ pubky, root, o, place: { to } }: Move): Promise<Session> {
  const opt = o.signal ? { signal: o.signal } : {}
  await insist(() => signUpAt(pubky.hosts, root, to, { token: o.signupToken, ...opt }), opt)
  const session = await openRootSession(pubky, root, to, opt)
  // Whoever comes back finds that the account had moved away.
  if (await canFreeze(pubky, to, opt)) {
    const { state } = await insist(() => homeState(pubky, root.publicKey, to, opt), opt)
    if (state !== 'here') await insist(() => tellHome(pubky, root, to, 'thaw', null, opt), opt)
  }
  return session
}

async function copierTo(move: Move, source: AccountSource, session: Session): Promise<Copier> {
  const { pubky, root, o } = move
  const opt = o.signal ? { signal: o.signal } : {}
  const host = await insist(() => pubky.hosts.find(session.homeserver, opt), opt)
  const manifests = createManifestKeeper(root, () => host.clock.next())
  const target = accountTarget({ session, host, owner: root, manifests, signal: o.signal })
  return createCopier({
    source,
    target,
    manifests,
    signal: o.signal,
    onProgress: (done, total) => tell(move, 'copy', done, total),
  })
}

function tell({ o }: Move, step: MoveStep, done = 0, total = 0): void {
  o.onProgress?.({ step, done, total })
}

interface Homes {
  from: PublicKeyZ32
  to: PublicKeyZ32
  source: Session
  target: Session
}

async function run(move: Move, homes: Homes): Promise<MoveReport> {
  const { pubky, root, place, o } = move
  const { from, to } = homes
  const opt = o.signal ? { signal: o.signal } : {}
  const source = accountSource(homes.source)
  const copier = await copierTo(move, source, homes.target)
  const isPublished = await hasMoved(move)
  // Of what lies at the new home once it is in charge, nothing is taken back.
  if (!isPublished) {
    if (place.step === 'copy' || place.cursor === null)
      await move.keep({ cursor: await source.lastEvent(o.signal) })
    await copier.all()
  }
  const freezes = await canFreeze(pubky, from, opt)
  if (!freezes) return follow(move, source, copier)

  tell(move, 'freeze')
  await move.keep({ step: 'freeze' })
  const freeze = () => insist(() => tellHome(pubky, root, from, 'freeze', to, opt), opt)
  const frozen = await freeze()
  const kept = keepFrozen(freeze, RENEW_MS)
  try {
    await catchUp(move, source, copier, frozen.cursor, isPublished)
    if (!isPublished) await settle(copier)
    // It may have thawed while something hung: then there may be more.
    const { cursor } = await freeze()
    await catchUp(move, source, copier, cursor, isPublished)
    await publish(move)
  } finally {
    kept.release()
  }
  const oldHomeTold = await farewell(move, from)
  await move.keep({ step: 'done', guarantee: 'frozen' })
  tell(move, 'done')
  return { ...copier.counts, guarantee: 'frozen', oldHomeTold }
}

/** Whether the record names the new home already, by an earlier run of this move. */
async function hasMoved({ pubky, root, o, place }: Move): Promise<boolean> {
  if (place.step !== 'publish' && place.step !== 'follow' && place.step !== 'done') return false
  const opt = { policy: 'network-only' as const, ...(o.signal && { signal: o.signal }) }
  return (await insist(() => pubky.homeserverOf(root.publicKey, opt), opt)) === place.to
}

async function pathsOf(source: AccountSource): Promise<StoragePath[]> {
  const paths: StoragePath[] = []
  for await (const path of source.paths()) paths.push(path)
  return paths
}

/** Copies what changed, until the account's last event is reached. */
async function catchUp(
  move: Move,
  source: LiveSource,
  copier: Copier,
  until: EventId | null,
  late: boolean,
): Promise<void> {
  const { o } = move
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const after = move.place.cursor
    if (after === null) return late ? copier.some(await pathsOf(source), { late }) : copier.all()
    if (until !== null && BigInt(until) <= BigInt(after)) return
    const changed = new Set<StoragePath>()
    let cursor = after
    await insist(
      async () => {
        for await (const step of source.changes(cursor, { signal: o.signal })) {
          changed.add(step.path)
          cursor = step.cursor
        }
      },
      { signal: o.signal },
    )
    await copier.some(changed, { late })
    if (cursor === after) return
    await move.keep({ cursor })
  }
}

/** The last look: what differs is copied, then come the objects about keys. */
async function settle(copier: Copier): Promise<void> {
  await copier.all()
  const [problem] = copier.counts.problems
  // Nothing may be left behind unseen: the old home stays in charge.
  if (problem) throw new PubkyError('move_refused', { detail: `${problem.path}: ${problem.code}` })
  await copier.keys()
}

/** Publishes the record and waits until others see it. */
async function publish(move: Move): Promise<void> {
  const { pubky, root, o, place } = move
  const opt = o.signal ? { signal: o.signal } : {}
  const isThere = async () =>
    (await pubky.homeserverOf(root.publicKey, { ...opt, policy: 'network-only' })) === place.to
  tell(move, 'publish')
  await move.keep({ step: 'publish' })
  if (!(await insist(isThere, opt)))
    await insist(() => pubky.publishHomeserver(root, place.to, opt), opt)
  for (let attempt = 0; !(await insist(isThere, opt)); attempt += 1) {
    if (attempt === CONFIRM_TRIES) throw new PubkyError('move_unconfirmed')
    await sleep(CONFIRM_PAUSE_MS, o.signal)
  }
  if (place.publishedAt === null) await move.keep({ publishedAt: Date.now() })
}

/** The old home may be gone; then nobody writes there either. */
async function farewell({ pubky, root, o, place }: Move, from: PublicKeyZ32): Promise<boolean> {
  const opt = o.signal ? { signal: o.signal } : {}
  try {
    await insist(() => tellHome(pubky, root, from, 'moved', place.to, opt), opt)
    return true
  } catch (error) {
    o.signal?.throwIfAborted()
    if (isOutage(error)) return false
    throw error
  }
}

/** A home that cannot freeze: publish, then copy what others still write there. */
async function follow(move: Move, source: LiveSource, copier: Copier): Promise<MoveReport> {
  const { o, place } = move
  if (!(await hasMoved(move))) {
    await catchUp(move, source, copier, null, false)
    await settle(copier)
    await catchUp(move, source, copier, null, false)
  }
  await publish(move)
  await move.keep({ step: 'follow' })
  const until = (place.publishedAt ?? 0) + (o.followMs ?? FOLLOW_MS)
  for (;;) {
    tell(move, 'follow', Date.now(), until)
    await catchUp(move, source, copier, null, true)
    const left = until - Date.now()
    if (left <= 0) break
    await sleep(Math.min(left, FOLLOW_PAUSE_MS), o.signal)
  }
  await move.keep({ step: 'done', guarantee: 'followed' })
  tell(move, 'done')
  return { ...copier.counts, guarantee: 'followed', oldHomeTold: false }
}
