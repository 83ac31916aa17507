import { parseObjectProof, type StoragePath, verifyObjectProof } from '@pubky/protocol'
import type { BlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { pause } from './backoff.ts'
import type { ObjectEntry } from './entries.ts'
import type { WatcherLog } from './follow-host.ts'
import { refsOf } from './refs.ts'
import { bytesOfKey, entryOfRow, JOURNAL_COLUMNS, type JournalRow } from './rows.ts'
import { deleteUnusedBlobs } from './unused-blobs.ts'

const MARK = 'compactor'
const DELETIONS_AT_ONCE = 100
/** Bodies of one object that are erased in one statement. */
const VERSIONS_AT_ONCE = 50
const EVERY_MS = 600_000

/** Erases the bodies of deleted objects (design 3.3). Nothing that counts changes by it. */
export function createCompactor(o: { pool: Pool; blobs: BlobStore; log?: WatcherLog }) {
  /** Goes through the deletions since the last time. Resolves to the number of erased bodies. */
  async function compact(signal?: AbortSignal): Promise<number> {
    let erased = 0
    for (;;) {
      signal?.throwIfAborted()
      const { rows } = await o.pool.query<JournalRow>(
        `select ${JOURNAL_COLUMNS} from journal
         where kind in (1, 3)
           and position > coalesce((select position from journal_marks where name = $1), 0)
         order by position limit $2`,
        [MARK, DELETIONS_AT_ONCE],
      )
      const last = rows.at(-1)
      if (!last) return erased
      for (const row of rows) {
        const entry = entryOfRow(row)
        if (entry.kind === 'DEL') erased += await eraseBefore(entry)
      }
      await o.pool.query(
        `insert into journal_marks (name, position) values ($1, $2)
         on conflict (name) do update set position = excluded.position`,
        [MARK, last.position],
      )
    }
  }

  /** The versions that the same host told before this deletion, when nothing outlives it. */
  async function eraseBefore(deletion: ObjectEntry): Promise<number> {
    const deletedAt = await validTimestamp(deletion)
    if (deletedAt === 'invalid') return 0
    let erased = 0
    for (;;) {
      const { rows } = await o.pool.query<JournalRow>(
        `select ${JOURNAL_COLUMNS} from journal
         where owner = $1 and path = $2 and host = $3 and event_id < $4 and kind = 0
           and (body is not null or blob_key is not null)
         order by position limit $5`,
        [
          bytesOfKey(deletion.owner),
          deletion.path,
          bytesOfKey(deletion.host),
          deletion.eventId,
          VERSIONS_AT_ONCE,
        ],
      )
      if (rows.length === 0) return erased
      const gone = rows.filter((row) => !outlives(row.proof, deletedAt))
      const erasure = gone.map((row) => ({
        position: row.position,
        refs: row.body
          ? refsOf(row.path as StoragePath, row.body, Number(row.received_at_ms))
          : null,
      }))
      await o.pool.query(
        `update journal set body = null, blob_key = null, refs = e.refs
         from unnest($1::bigint[], $2::jsonb[]) as e (position, refs)
         where journal.position = e.position`,
        [erasure.map((e) => e.position), erasure.map((e) => e.refs && JSON.stringify(e.refs))],
      )
      await deleteUnusedBlobs(
        o.pool,
        o.blobs,
        gone.flatMap((row) => row.blob_key ?? []),
      )
      erased += gone.length
      // What outlives the deletion stays, and everything else of a short page is gone.
      if (rows.length < VERSIONS_AT_ONCE || gone.length === 0) return erased
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await compact(signal).catch((err: unknown) => {
        if (!signal.aborted) o.log?.warn({ err }, 'compaction stopped')
      })
      await pause(EVERY_MS, signal)
    }
  }

  return { compact, run }
}

/** The time of a deletion's proof, null without a proof, `invalid` when the proof proves nothing. */
async function validTimestamp(entry: ObjectEntry): Promise<bigint | null | 'invalid'> {
  if (!entry.proof) return null
  try {
    const { owner, path } = entry
    return (await verifyObjectProof(entry.proof, { owner, path, action: 'DELETE' })).timestamp
  } catch {
    return 'invalid'
  }
}

/** True when the version is signed and not older than the deletion, so that it still counts. */
function outlives(proof: Buffer | null, deletedAt: bigint | null): boolean {
  if (!proof || deletedAt === null) return false
  try {
    return parseObjectProof(proof).timestamp >= deletedAt
  } catch {
    return false
  }
}
