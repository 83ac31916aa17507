import { bytesOfKey, entryOfRow, JOURNAL_COLUMNS, type JournalRow } from '@pubky/indexer/rows'
import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { ObjectState } from '../../objects/fold.ts'
import { type Judged, judge } from '../../objects/judge.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import { replayPath } from '../../objects/replay-path.ts'
import type { OwnerRecords } from './owner-records.ts'
import { rowsOf, type Tx } from './sql.ts'

const HISTORY = `select ${JOURNAL_COLUMNS} from journal
  where owner = $1 and path = any($2::text[]) and kind in (0, 1) and position <= $3
  order by position`

/** What these paths are by all their entries up to a position. */
export async function replayPaths(
  tx: Tx,
  records: OwnerRecords,
  o: { owner: PublicKeyZ32; paths: readonly StoragePath[]; upTo: bigint },
): Promise<Map<StoragePath, ObjectState | null>> {
  const { owner, paths, upTo } = o
  await records.loadPurges(tx, owner, upTo)
  const rows = await rowsOf<JournalRow>(tx, 'history', HISTORY, [bytesOfKey(owner), paths, upTo])
  const histories = new Map<StoragePath, Judged[]>(paths.map((path) => [path, []]))
  for (const row of rows) {
    const entry = entryOfRow(row)
    if (entry.kind === 'PUT' || entry.kind === 'DEL')
      histories.get(entry.path)?.push(await judge(entry))
  }
  const timeline = records.timelineOf(owner)
  const states = new Map<StoragePath, ObjectState | null>()
  for (const [path, history] of histories)
    states.set(path, replayPath(history, timeline, records.purgedAt(owner, path)))
  return states
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

const OWNED = 'select path from objects where owner = $1 order by path'

/** All paths of an owner of which anything is known here. */
export async function ownedPaths(tx: Tx, owner: PublicKeyZ32): Promise<StoragePath[]> {
  const rows = await rowsOf<{ path: StoragePath }>(tx, 'owned_paths', OWNED, [owner])
  return rows.map(({ path }) => path)
}
