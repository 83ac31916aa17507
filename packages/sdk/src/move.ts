import {
  type EventId,
  FREEZE_SECONDS,
  type PublicKeyZ32,
  type Signer,
  type StoragePath,
} from '@pubky/protocol'
import { sleep } from './backoff.ts'
import { isOutage, PubkyError } from './errors.ts'
import type { Copier } from './move-copy.ts'
import { canFreeze, type HomeState, keepFrozen, openRootSession, tellHome } from './move-home.ts'
import { insist } from './move-retry.ts'
import { accountSource, type LiveSource } from './move-source.ts'
import {
  begin,
  copierTo,
  enter,
  finished,
  hasMoved,
  type Move,
  type MoveOptions,
  publish,
  tell,
} from './move-start.ts'
import type { AccountSource, MoveReport } from './move-types.ts'
import type { Pubky, Session } from './types.ts'

const RENEW_MS = (FREEZE_SECONDS * 1000) / 4
/** Catching up with a home that is written to ends when a round brings nothing. */
const MAX_ROUNDS = 20
/** Two lifetimes of a record, during which others may still know the old one (spec/discovery.md). */
const FOLLOW_MS = 2 * 3600 * 1000
const FOLLOW_PAUSE_MS = 2_000

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
  const source = accountSource(homes.source, await insist(() => pubky.hosts.find(from, opt), opt))
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
  const release = keepFrozen(freeze, RENEW_MS)
  let cursor: EventId | null
  let isLate: boolean
  try {
    isLate = await catchUp(move, source, copier, frozen.cursor, isPublished)
    if (!isPublished) await settle(copier, frozen.cursor !== null)
    // It may have thawed while something hung: then there may be more.
    cursor = (await freeze()).cursor
    isLate = (await catchUp(move, source, copier, cursor, isPublished)) || isLate
    await publish(move)
  } finally {
    release()
  }
  const told = await farewell(move, from)
  // Whoever sleeps for longer than a freeze lasts finds that the old home took writes until it was told.
  const hasMore = told !== null && isBeyond(told.cursor, cursor)
  const hasThawed = hasMore && (await catchUp(move, source, copier, told.cursor, true))
  const guarantee = hasThawed || (isPublished && isLate) ? 'followed' : 'frozen'
  await move.keep({ step: 'done', guarantee })
  tell(move, 'done')
  return { ...copier.counts, guarantee, oldHomeTold: told !== null }
}

function isBeyond(one: EventId | null, other: EventId | null): boolean {
  return one !== null && (other === null || BigInt(one) > BigInt(other))
}

async function pathsOf(source: AccountSource): Promise<StoragePath[]> {
  const paths: StoragePath[] = []
  for await (const path of source.paths()) paths.push(path)
  return paths
}

/** Copies what changed, until the account's last event is reached. Resolves to whether anything had. */
async function catchUp(
  move: Move,
  source: LiveSource,
  copier: Copier,
  until: EventId | null,
  late: boolean,
): Promise<boolean> {
  const { o } = move
  let found = false
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const after = move.place.cursor
    if (after === null) {
      await (late ? copier.some(await pathsOf(source), { late }) : copier.all())
      return true
    }
    if (until !== null && BigInt(until) <= BigInt(after)) break
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
    if (cursor === after) break
    found = true
    await move.keep({ cursor })
  }
  return found
}

/** The last look: what differs is copied, then come the objects about keys. */
async function settle(copier: Copier, trust: boolean): Promise<void> {
  await copier.all({ trust })
  const [problem] = copier.counts.problems
  // Nothing may be left behind unseen: the old home stays in charge.
  if (problem) throw new PubkyError('move_refused', { detail: `${problem.path}: ${problem.code}` })
  await copier.keys()
}

/** The old home may be gone, then nobody writes there either: null. */
async function farewell(
  { pubky, root, o, place }: Move,
  from: PublicKeyZ32,
): Promise<HomeState | null> {
  const opt = o.signal ? { signal: o.signal } : {}
  try {
    return await insist(() => tellHome(pubky, root, from, 'moved', place.to, opt), opt)
  } catch (error) {
    o.signal?.throwIfAborted()
    if (isOutage(error)) return null
    throw error
  }
}

/** A home that cannot freeze: publish, then copy what others still write there. */
async function follow(move: Move, source: LiveSource, copier: Copier): Promise<MoveReport> {
  const { o, place } = move
  if (!(await hasMoved(move))) {
    await catchUp(move, source, copier, null, false)
    await settle(copier, false)
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
