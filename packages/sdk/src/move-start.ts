import type { PublicKeyZ32, Signer } from '@pubky/protocol'
import { sleep } from './backoff.ts'
import { PubkyError } from './errors.ts'
import { type Copier, createCopier } from './move-copy.ts'
import { canFreeze, homeState, isGone, openRootSession, tellHome } from './move-home.ts'
import { createManifestKeeper } from './move-manifest.ts'
import { insist } from './move-retry.ts'
import { accountSource } from './move-source.ts'
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

const CONFIRM_TRIES = 20
const CONFIRM_PAUSE_MS = 500

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

/** A move that is under way. */
export interface Move {
  pubky: Pubky
  root: Signer
  o: MoveOptions
  place: MovePlace
  keep(change: Partial<MovePlace>): Promise<void>
}

/** A move that had ended before. */
export function finished(guarantee: MoveGuarantee): MoveReport {
  const counts = { copied: 0, same: 0, deleted: 0, newer: 0, problems: [] }
  return { ...counts, guarantee, oldHomeTold: guarantee === 'frozen' }
}

/** Takes a move up where it was left, or begins it. */
export async function begin(pubky: Pubky, root: Signer, o: MoveOptions): Promise<Move> {
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
export async function enter({ pubky, root, o, place: { to } }: Move): Promise<Session> {
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

export async function copierTo(
  move: Move,
  source: AccountSource,
  session: Session,
): Promise<Copier> {
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
    onProgress: (done, total) => tell(move, move.place.step, done, total),
  })
}

export function tell({ o }: Move, step: MoveStep, done = 0, total = 0): void {
  o.onProgress?.({ step, done, total })
}

/** Whether the record names the new home already, by an earlier run of this move. */
export async function hasMoved({ pubky, root, o, place }: Move): Promise<boolean> {
  if (place.step !== 'publish' && place.step !== 'follow' && place.step !== 'done') return false
  const opt = { policy: 'network-only' as const, ...(o.signal && { signal: o.signal }) }
  return (await insist(() => pubky.homeserverOf(root.publicKey, opt), opt)) === place.to
}

/** Publishes the record and waits until others see it. */
export async function publish(move: Move): Promise<void> {
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

/** Two homes of an account, opened for copying from one to the other. */
export async function openCopy(
  pubky: Pubky,
  root: Signer,
  o: Omit<MoveOptions, 'place'> & { from: PublicKeyZ32 },
) {
  const nowhere = { load: async () => null, save: async () => {} }
  const move = await begin(pubky, root, { ...o, place: nowhere })
  const target = await enter(move)
  const from = await openRootSession(pubky, root, o.from, o.signal ? { signal: o.signal } : {})
  const opt = o.signal ? { signal: o.signal } : {}
  const source = accountSource(from, await insist(() => pubky.hosts.find(o.from, opt), opt))
  return {
    source,
    copier: await copierTo(move, source, target),
    close: async () => void (await Promise.allSettled([from.signOut(), target.signOut()])),
  }
}

/**
 * Publishes the record as the new home stands, when the old one is gone; null when that answers. Rejects
 * with `mirror_empty` when the new home holds nothing.
 */
export async function finishElsewhere(
  pubky: Pubky,
  root: Signer,
  o: MoveOptions,
): Promise<MoveReport | null> {
  const opt = o.signal ? { signal: o.signal } : {}
  const move = await begin(pubky, root, o)
  const { from, to } = move.place
  if (from === null || from === to) return null
  const session = await enter(move)
  try {
    // Asked after the new home has answered: without a network of one's own every home would look gone.
    if (!(await isGone(pubky, root.publicKey, from, opt))) return null
    if (await isEmpty(move, session)) throw new PubkyError('mirror_empty')
  } finally {
    await Promise.allSettled([session.signOut()])
  }
  await publish(move)
  await move.keep({ step: 'done', guarantee: 'mirror' })
  return finished('mirror')
}

async function isEmpty({ pubky, o }: Move, session: Session): Promise<boolean> {
  const opt = o.signal ? { signal: o.signal } : {}
  const host = await insist(() => pubky.hosts.find(session.homeserver, opt), opt)
  for await (const _ of accountSource(session, host).paths(o.signal)) return false
  return true
}
