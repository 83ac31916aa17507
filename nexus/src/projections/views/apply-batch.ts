import { classifyPath, PROFILE_PATH } from '@pubky/app-specs'
import type { HomeEntry, JournalEntry, PurgeEntry } from '@pubky/indexer'
import { formatUri, type PublicKeyZ32, type StoragePath } from '@pubky/protocol'
import { foldEntry, isAfter, type ObjectState } from '../../objects/fold.ts'
import type { Judged } from '../../objects/judge.ts'
import { decidesStatements, decisionsOf } from '../../objects/key-rules.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import type { Changes } from './changes.ts'
import { saveUsers } from './document-rows.ts'
import { affectedPaths, ownedPaths, replayPaths, statedPaths } from './histories.ts'
import { loadObjects } from './object-rows.ts'
import type { OwnerRecords } from './owner-records.ts'
import { type Cause, openSegment } from './segment.ts'
import type { Tx } from './sql.ts'
import type { Wanted } from './surroundings.ts'

/** Paths that are read and changed at once when a home moves or something is purged. */
const PATHS_AT_ONCE = 200

/** An entry of the journal; objects have been judged. */
export type BatchEntry =
  | { entry: HomeEntry | PurgeEntry; judged: null }
  | { entry: JournalEntry; judged: Judged }

/**
 * Applies entries in their order, all in the given transaction. `found`: the states of all objects
 * that they are about, before any of them.
 */
export async function applyBatch(
  tx: Tx,
  entries: readonly BatchEntry[],
  records: OwnerRecords,
  changes: Changes,
  found: readonly ObjectState[],
): Promise<void> {
  let index = 0
  while (index < entries.length) {
    const next = entries[index]
    if (!next) return
    if (next.judged === null) {
      if (next.entry.kind === 'HOME') await applyHome(tx, next.entry, records, changes)
      else await applyPurge(tx, next.entry, records, changes)
      index += 1
      continue
    }
    const run: Judged[] = []
    for (const { judged } of entries.slice(index)) {
      if (judged === null) break
      run.push(judged)
    }
    index += await applyRun(tx, run, records, changes, index === 0 ? found : null)
  }
}

/**
 * Applies entries of objects. Resolves to how many: it stops at one that comes out of order, and at one
 * that decides which statements hold.
 */
async function applyRun(
  tx: Tx,
  run: readonly Judged[],
  records: OwnerRecords,
  changes: Changes,
  found: readonly ObjectState[] | null,
): Promise<number> {
  const segment = await openSegment(tx, changes, { wanted: run.map(wantedBy), found, records })
  let count = 0
  for (const judged of run) {
    const { entry } = judged
    const { owner, path, host, receivedAtMs, position } = entry
    const kind = kindOfPath(path)
    const epoch = records.timelineOf(owner).epochOf(host, receivedAtMs)
    if (kind !== null && epoch !== null) {
      const before = segment.stateOf(entry)
      const isLate = before !== null && !isAfter(before, epoch, BigInt(entry.eventId))
      if (isLate || decidesStatements(path)) {
        if (count > 0) break
        const cause = { position, receivedAtMs, isSilent: false }
        await applyPaths(tx, { owner, paths: [path], upTo: position, cause }, records, changes)
        return 1
      }
      const after = foldEntry(before, epoch, judged, kind, records.rulesOf(owner))
      segment.change(entry, after, { position, receivedAtMs, isSilent: false })
    }
    count += 1
  }
  later(changes, segment.flush())
  return count
}

/** Whoever applies the batch waits for it, and learns of its failure. */
function later({ pending }: Changes, writing: Promise<void>): void {
  writing.catch(() => {})
  pending.push(writing)
}

function wantedBy({ entry, doc }: Judged): Wanted {
  if (doc || entry.kind === 'PUT') return { at: entry, doc }
  // The path of a follow says whom, also when it is deleted.
  const ref = classifyPath(entry.path)
  if (ref?.kind !== 'follow') return { at: entry, doc: null }
  return { at: entry, doc: { kind: 'follow', target: ref.target as PublicKeyZ32 } }
}

async function applyHome(
  tx: Tx,
  entry: HomeEntry,
  records: OwnerRecords,
  changes: Changes,
): Promise<void> {
  const { owner, host, position, receivedAtMs } = entry
  const before = records.timelineOf(owner).epochs
  if (records.addHome(entry)) changes.judges.add(owner)
  const timeline = records.timelineOf(owner)
  const { epochs } = timeline
  if (JSON.stringify(before) === JSON.stringify(epochs)) return
  const [profile = null] = await loadObjects(tx, [{ owner, path: PROFILE_PATH }])
  await saveUsers(tx, [{ id: owner, timeline, profile }])
  // A new home brings its own entries into effect and ends those of the last one. A record that
  // comes late may change anything.
  const last = epochs.at(-1)
  const isAppended = epochs.length === before.length + 1 && last?.host === host
  const range = isAppended
    ? { host: host ?? owner, fromMs: last?.from ?? 0 }
    : { host: null, fromMs: 0 }
  const paths = await affectedPaths(tx, { owner, before: position, ...range })
  const cause = { position, receivedAtMs, isSilent: false }
  await applyPaths(tx, { owner, paths, upTo: position, cause }, records, changes)
}

async function applyPurge(
  tx: Tx,
  entry: PurgeEntry,
  records: OwnerRecords,
  changes: Changes,
): Promise<void> {
  const { owner, path, position, receivedAtMs } = entry
  records.addPurge(entry)
  const paths = path === null ? await ownedPaths(tx, owner) : [path]
  const cause = { position, receivedAtMs, isSilent: true }
  await applyPaths(tx, { owner, paths, upTo: position, cause }, records, changes)
  await changes.notices.purge(tx, owner, path && formatUri(owner, path))
}

/**
 * Works these paths out again from all that the journal holds of them. What is said about keys comes
 * first; where other statements hold by it than before, their paths are worked out again too.
 */
async function applyPaths(
  tx: Tx,
  o: { owner: PublicKeyZ32; paths: readonly StoragePath[]; upTo: bigint; cause: Cause },
  records: OwnerRecords,
  changes: Changes,
): Promise<void> {
  const { owner, upTo } = o
  const deciding = o.paths.filter(decidesStatements)
  const others = new Set(o.paths.filter((path) => !decidesStatements(path)))
  const before = decisionsOf(records.rulesOf(owner))
  await replayAtOnce(tx, { ...o, paths: deciding }, records, changes)
  const after = decisionsOf(records.rulesOf(owner))
  const signers = [...new Set([...before.keys(), ...after.keys()])].filter(
    (signer) => before.get(signer) !== after.get(signer),
  )
  if (signers.length > 0)
    for (const path of await statedPaths(tx, { owner, signers, upTo })) others.add(path)
  await replayAtOnce(tx, { ...o, paths: [...others] }, records, changes)
}

async function replayAtOnce(
  tx: Tx,
  o: { owner: PublicKeyZ32; paths: readonly StoragePath[]; upTo: bigint; cause: Cause },
  records: OwnerRecords,
  changes: Changes,
): Promise<void> {
  const { owner, upTo, cause } = o
  for (let from = 0; from < o.paths.length; from += PATHS_AT_ONCE) {
    const paths = o.paths.slice(from, from + PATHS_AT_ONCE)
    const states = await replayPaths(tx, records, { owner, paths, upTo })
    const wanted = [...states].map(([path, state]) => ({
      at: { owner, path },
      doc: state?.doc ?? null,
    }))
    const segment = await openSegment(tx, changes, { wanted, records })
    for (const [path, after] of states) {
      const before = segment.stateOf({ owner, path })
      if (before || after) segment.change({ owner, path }, after, cause)
    }
    later(changes, segment.flush())
  }
}
