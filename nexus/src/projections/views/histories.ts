import type { ObjectEntry } from '@pubky/indexer'
import { bytesOfKey, entryOfRow, JOURNAL_COLUMNS, type JournalRow } from '@pubky/indexer/rows'
import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { foldEntry, type ObjectState } from '../../objects/fold.ts'
import { type Judged, judge } from '../../objects/judge.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import type { OwnerRecords } from './owner-records.ts'
import { rowsOf, type Tx } from './sql.ts'

/** Rows in memory at once: a body in the journal may have some megabytes. */
const ROWS_AT_ONCE = 50

const HISTORY = `declare history no scroll cursor for select ${JOURNAL_COLUMNS} from journal
  where owner = $1 and path = any($2::text[]) and host = $3 and kind in (0, 1) and position <= $4
  order by path, event_id`

/**
 * What these paths are by all their entries up to a position. The entries are streamed in the
 * owner's order, epoch by epoch, so that somebody with endless versions fills no memory.
 */
export async function replayPaths(
  tx: Tx,
  records: OwnerRecords,
  o: { owner: PublicKeyZ32; paths: readonly StoragePath[]; upTo: bigint },
): Promise<Map<StoragePath, ObjectState | null>> {
  const { owner, paths, upTo } = o
  await records.loadPurges(tx, owner, upTo)
  const { epochs, epochOf } = records.timelineOf(owner)
  const rules = records.rulesOf(owner)
  const states = new Map<StoragePath, ObjectState | null>(paths.map((path) => [path, null]))
  for (const [epoch, { host }] of epochs.entries()) {
    if (host === null) continue
    await tx.query(HISTORY, [bytesOfKey(owner), paths, bytesOfKey(host), upTo])
    for await (const entry of fetchEntries(tx)) {
      if (epochOf(host, entry.receivedAtMs) !== epoch) continue
      const { path } = entry
      const kind = kindOfPath(path)
      if (kind === null) continue
      const judged = purged(await judge(entry), records.purgedAt(owner, path))
      states.set(path, foldEntry(states.get(path) ?? null, epoch, judged, kind, rules))
    }
  }
  return states
}

async function* fetchEntries(tx: Tx): AsyncGenerator<ObjectEntry> {
  for (;;) {
    const { rows } = await tx.query<JournalRow>(`fetch ${ROWS_AT_ONCE} from history`)
    for (const row of rows) {
      const entry = entryOfRow(row)
      if (entry.kind === 'PUT' || entry.kind === 'DEL') yield entry
    }
    if (rows.length < ROWS_AT_ONCE) break
  }
  await tx.query('close history')
}

// Of what was purged only the times of the proofs still count.
function purged(judged: Judged, purgedAt: bigint): Judged {
  return judged.entry.position <= purgedAt ? { ...judged, counts: 'none', doc: null } : judged
}

const AFFECTED = `select path from journal
  where owner = $1 and kind in (0, 1) and position < $2
    and ($3::bytea is null or host = $3 or received_at_ms >= $4)
  group by path order by min(position)`

/**
 * The paths whose entries may come into effect or lose it by a new home, oldest first. With a null
 * host all paths of the owner.
 */
export async function affectedPaths(
  tx: Tx,
  o: { owner: PublicKeyZ32; before: bigint; host: PublicKeyZ32 | null; fromMs: number },
): Promise<StoragePath[]> {
  const rows = await rowsOf<{ path: StoragePath }>(tx, 'affected_paths', AFFECTED, [
    bytesOfKey(o.owner),
    o.before,
    o.host && bytesOfKey(o.host),
    o.fromMs,
  ])
  return rows.map(({ path }) => path).filter((path) => kindOfPath(path) !== null)
}

const STATED = `select path from journal
  where owner = $1 and kind in (0, 1) and position <= $2 and substring(proof from 3 for 32) = any($3::bytea[])
  group by path order by min(position)`

/** The paths of which these keys have said anything, oldest first. The signer is the third part of a proof. */
export async function statedPaths(
  tx: Tx,
  o: { owner: PublicKeyZ32; signers: readonly PublicKeyZ32[]; upTo: bigint },
): Promise<StoragePath[]> {
  const values = [bytesOfKey(o.owner), o.upTo, o.signers.map(bytesOfKey)]
  const rows = await rowsOf<{ path: StoragePath }>(tx, 'stated_paths', STATED, values)
  return rows.map(({ path }) => path).filter((path) => kindOfPath(path) !== null)
}

const OWNED = 'select path from objects where owner = $1 order by path'

/** All paths of an owner of which anything is known here. */
export async function ownedPaths(tx: Tx, owner: PublicKeyZ32): Promise<StoragePath[]> {
  const rows = await rowsOf<{ path: StoragePath }>(tx, 'owned_paths', OWNED, [owner])
  return rows.map(({ path }) => path)
}
