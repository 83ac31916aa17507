import {
  KEYS_FOLDER,
  type ObjectProof,
  type PublicKeyZ32,
  revocationPath,
  type StoragePath,
  verifyObjectProof,
} from '@pubky/protocol'
import type { BlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { pause } from './backoff.ts'
import type { ObjectEntry } from './entries.ts'
import { erasing } from './erasing.ts'
import type { WatcherLog } from './follow-host.ts'
import { refsOf } from './refs.ts'
import { bytesOfKey, entryOfRow, JOURNAL_COLUMNS, type JournalRow } from './rows.ts'

const MARK = 'compactor'
const DELETIONS_AT_ONCE = 100
/** Bodies of one object that are erased in one statement. */
const VERSIONS_AT_ONCE = 50
const EVERY_MS = 600_000

// What a host says counts while it is the home of the owner, or from when it becomes it. Where no
// home is known, nothing counts yet, neither the versions nor their deletion.
const FROM_HOME = `with named as (
    select h.epoch, h.host, max(j.received_at_ms) over (order by h.epoch) as since
    from homes h join journal j on j.position = h.position where h.owner = $1
  ), spans as (
    select host, since, lead(since) over (order by epoch) as until from named
  )
  select not exists (select from spans)
    or exists (select from spans where host = $2 and (until is null or until >= $3)) as counts`

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

  /** False when the deletion came from a host that was no longer the home of the owner. */
  async function isFromHome({ owner, host, receivedAtMs }: ObjectEntry): Promise<boolean> {
    const { rows } = await o.pool.query<{ counts: boolean }>(FROM_HOME, [
      bytesOfKey(owner),
      bytesOfKey(host),
      Math.trunc(receivedAtMs),
    ])
    return rows[0]?.counts ?? false
  }

  /** True when a valid proof for the path is not older, so that the deletion is a replay. */
  async function isOutlived(deletion: ObjectEntry, deletedAt: bigint): Promise<boolean> {
    const { rows } = await o.pool.query<JournalRow>(
      `select ${JOURNAL_COLUMNS} from journal
       where owner = $1 and path = $2 and proof is not null and position <> $3
         and (host <> $4 or event_id < $5)`,
      [
        bytesOfKey(deletion.owner),
        deletion.path,
        deletion.position,
        bytesOfKey(deletion.host),
        deletion.eventId,
      ],
    )
    for (const row of rows) {
      const entry = entryOfRow({ ...row, body: null })
      if (entry.kind !== 'PUT' && entry.kind !== 'DEL') continue
      const proof = await validProof(entry)
      if (proof !== null && proof !== 'invalid' && proof.timestamp >= deletedAt) return true
    }
    return false
  }

  /** True when the owner had revoked the key that signed the deletion: then it deletes nothing. */
  async function isRevoked(deletion: ObjectEntry, signer: PublicKeyZ32): Promise<boolean> {
    if (signer === deletion.owner) return false
    const { rows } = await o.pool.query<JournalRow>(
      `select ${JOURNAL_COLUMNS} from journal
       where owner = $1 and path = $2 and kind = 0 and proof is not null
         and case when host = $3 then event_id < $4 else position < $5 end`,
      [
        bytesOfKey(deletion.owner),
        revocationPath(signer),
        bytesOfKey(deletion.host),
        deletion.eventId,
        deletion.position,
      ],
    )
    for (const row of rows) {
      const entry = entryOfRow({ ...row, body: null })
      if (entry.kind !== 'PUT') continue
      const proof = await validProof(entry)
      if (proof !== null && proof !== 'invalid' && proof.signer === deletion.owner) return true
    }
    return false
  }

  /** The versions that the same host told before this deletion, when it counts. */
  async function eraseBefore(deletion: ObjectEntry): Promise<number> {
    // What lies there is never deleted, whatever a host says (design 6).
    if (deletion.path.startsWith(KEYS_FOLDER)) return 0
    const proof = await validProof(deletion)
    if (proof === 'invalid' || !(await isFromHome(deletion))) return 0
    if (proof && (await isOutlived(deletion, proof.timestamp))) return 0
    if (proof && (await isRevoked(deletion, proof.signer))) return 0
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
      const erasure = rows.map((row) => ({
        position: row.position,
        refs: row.body
          ? refsOf(row.path as StoragePath, row.body, Number(row.received_at_ms))
          : null,
      }))
      await erasing(o.pool, o.blobs, async (client) => {
        await client.query(
          `update journal set body = null, blob_key = null, refs = e.refs
           from unnest($1::bigint[], $2::jsonb[]) as e (position, refs)
           where journal.position = e.position`,
          [erasure.map((e) => e.position), erasure.map((e) => e.refs && JSON.stringify(e.refs))],
        )
        return { blobs: rows.flatMap((row) => row.blob_key ?? []) }
      })
      erased += rows.length
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

/** Null without a proof, `invalid` when the proof proves nothing. */
async function validProof(entry: ObjectEntry): Promise<ObjectProof | null | 'invalid'> {
  const { owner, path, proof, hash, kind } = entry
  if (!proof) return null
  if (kind === 'PUT' && !hash) return 'invalid'
  try {
    const about =
      kind === 'PUT' && hash
        ? ({ owner, path, action: 'PUT', hash } as const)
        : ({ owner, path, action: 'DELETE' } as const)
    return await verifyObjectProof(proof, about)
  } catch {
    return 'invalid'
  }
}
