import type { EventId, PublicKeyZ32, Signer } from '@pubky/protocol'
import { createBackoff } from './backoff.ts'
import { isOutage, PubkyError } from './errors.ts'
import { moveHome } from './move.ts'
import { insist } from './move-retry.ts'
import { finishElsewhere, type MoveOptions, openCopy } from './move-start.ts'
import type { CopyCounts, MoveReport, PlaceStore } from './move-types.ts'
import type { Pubky } from './types.ts'

const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 30_000
/** Changes that arrive together are copied together. */
const GATHER_MS = 50
/** How old the knowledge may be that the mirrored home is in charge. */
const LOOK_MS = 5_000
/** Sessions are opened anew and everything is compared so often. */
const COMPARE_MS = 12 * 3600 * 1000

/** How far a mirror has come; JSON. */
export interface MirrorPlace {
  v: 1
  user: PublicKeyZ32
  from: PublicKeyZ32
  /** Events of the mirrored home up to here are copied. */
  cursor: EventId | null
}

export interface MirrorOptions {
  /** The homeserver that holds the copy. */
  to: PublicKeyZ32
  signupToken?: string
  place: PlaceStore<MirrorPlace>
  /** Ends the mirroring. */
  signal: AbortSignal
  /** Told how far everything is compared and copied, whenever that begins anew. */
  onProgress?: MoveOptions['onProgress']
  /** Told whenever the copy has caught up. */
  onFresh?: (at: { cursor: EventId | null; counts: CopyCounts }) => void
  /** Told of what went wrong and is tried again. */
  onTrouble?: (error: unknown) => void
}

/**
 * Keeps a copy of an account at a second homeserver fresh through the event stream, until `signal`. The
 * record goes on naming the first one, so nobody else writes to the copy; what differs there is made equal.
 * Ends by itself when the record names the copy. Rejects only when something cannot be mended by waiting.
 */
export async function mirrorAccount(pubky: Pubky, root: Signer, o: MirrorOptions): Promise<void> {
  const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
  while (!o.signal.aborted) {
    try {
      if ((await round(pubky, root, o, () => backoff.reset())) === 'promoted') return
    } catch (error) {
      if (o.signal.aborted) return
      if (!isMendable(error)) throw error
      o.onTrouble?.(error)
      await backoff.wait(o.signal).catch(() => {})
    }
  }
}

/** Outages pass; an ended session is opened anew; a feed that went back is read from the start. */
function isMendable(error: unknown): boolean {
  const codes = ['unauthorized', 'cursor_backwards', 'bad_answer', 'not_found']
  return isOutage(error) || (error instanceof PubkyError && codes.includes(error.code))
}

async function homeOf(
  pubky: Pubky,
  root: Signer,
  { signal }: MirrorOptions,
): Promise<PublicKeyZ32> {
  const opt = { signal, policy: 'network-only' as const }
  const home = await insist(() => pubky.homeserverOf(root.publicKey, opt), { signal })
  if (home) return home
  throw new PubkyError('no_homeserver', { detail: root.publicKey })
}

async function round(
  pubky: Pubky,
  root: Signer,
  o: MirrorOptions,
  onFresh: () => void,
): Promise<'promoted' | 'again'> {
  const from = await homeOf(pubky, root, o)
  if (from === o.to) return 'promoted'
  const kept = await o.place.load()
  if (kept && kept.user !== root.publicKey)
    throw new PubkyError('move_refused', { detail: 'the place kept is of another account' })
  // The session ends its round when it has to be compared again.
  const late = AbortSignal.timeout(COMPARE_MS)
  const over = new AbortController()
  const signal = AbortSignal.any([o.signal, late, over.signal])
  const copy = await openCopy(pubky, root, { ...o, from, signal })
  try {
    let cursor = await copy.source.lastEvent(signal)
    await copy.copier.all()
    await copy.copier.keys()
    const fresh = async () => {
      await o.place.save({ v: 1, user: root.publicKey, from, cursor })
      onFresh()
      o.onFresh?.({ cursor, counts: copy.copier.counts })
    }
    await fresh()
    let lookedMs = Date.now()
    if (cursor === null)
      throw new PubkyError('move_refused', { detail: 'the host has no event stream' })
    for await (const batch of gathered(copy.source.changes(cursor, { signal, live: true }))) {
      if (batch.some(({ cursor: at }) => BigInt(at) <= BigInt(cursor ?? 0)))
        throw new PubkyError('cursor_backwards')
      // Once it is the home, nothing of the old one may be laid over it.
      if (Date.now() - lookedMs > LOOK_MS) {
        if ((await homeOf(pubky, root, o)) !== from) return 'again'
        lookedMs = Date.now()
      }
      await copy.copier.some(batch.map(({ path }) => path))
      if (batch.some(({ path }) => path.includes('/pubky.keys/'))) await copy.copier.keys()
      cursor = batch.at(-1)?.cursor ?? cursor
      await fresh()
    }
    return 'again'
  } catch (error) {
    if (late.aborted && !o.signal.aborted) return 'again'
    throw error
  } finally {
    over.abort()
    await copy.close()
  }
}

/** Items that come within a moment, as one batch. */
async function* gathered<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  const source = items[Symbol.asyncIterator]()
  let next = source.next()
  try {
    for (;;) {
      const first = await next
      if (first.done) return
      const batch = [first.value]
      next = source.next()
      const end = new Promise<null>((resolve) => setTimeout(() => resolve(null), GATHER_MS))
      let ended = false
      for (;;) {
        const more = await Promise.race([next, end])
        if (more === null) break
        if (more.done) {
          ended = true
          break
        }
        batch.push(more.value)
        next = source.next()
      }
      yield batch
      if (ended) return
    }
  } finally {
    // Whoever reads has gone, and nothing may come for hours: the signal of the source ends it.
    next.catch(() => {})
    source.return?.().catch(() => {})
  }
}

/**
 * Makes the mirror the home: like `moveHome` while the first home answers, so that an outage of anything
 * else ends it until it is called again; when the first home is gone, the record is published as the copy
 * stands (`mirror`). Rejects with `mirror_empty` when that holds nothing.
 */
export async function promoteMirror(
  pubky: Pubky,
  root: Signer,
  o: MoveOptions,
): Promise<MoveReport> {
  try {
    return await moveHome(pubky, root, o)
  } catch (error) {
    o.signal?.throwIfAborted()
    // Of a home that is gone the record goes after hours, too.
    const isUnfindable = error instanceof PubkyError && error.code === 'no_endpoint'
    if (!isOutage(error) && !isUnfindable) throw error
    const report = await finishElsewhere(pubky, root, o)
    if (!report) throw error
    return report
  }
}
