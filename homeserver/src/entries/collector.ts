import type { BlobStore, Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'

/** Uploads may take long: a blob younger than this may still be about to be named by an entry. */
const YOUNG_MS = 24 * 3_600_000
const PAGE = 1000

/** Deletes blobs that no entry names: those noted when an entry changed, and what a crash left. */
export async function collectOrphans(o: {
  pool: Pool
  blobs: BlobStore
  log: Logger
  nowMs: () => number
  signal?: AbortSignal
}): Promise<number> {
  const { pool, blobs, log, nowMs, signal } = o
  let removed = 0

  async function remove(keys: readonly string[]): Promise<void> {
    const { rows } = await pool.query<{ key: string }>(
      `select key from unnest($1::text[]) as key
       where not exists (select from entries e where e.blob_key = key)`,
      [keys],
    )
    const unused = rows.map((row) => row.key)
    await blobs.delete(unused)
    await pool.query('delete from orphan_candidates where blob_key = any($1)', [keys])
    removed += unused.length
  }

  const noted = await pool.query<{ blob_key: string }>(
    "select blob_key from orphan_candidates where since < now() - interval '1 minute' limit 10000",
  )
  await remove(noted.rows.map((row) => row.blob_key))
  let after = ''
  for (;;) {
    const page: string[] = []
    let last = ''
    signal?.throwIfAborted()
    for await (const { key, createdMs } of blobs.list({ after, limit: PAGE })) {
      last = key
      if (nowMs() - createdMs > YOUNG_MS) page.push(key)
    }
    if (page.length > 0) await remove(page)
    if (last === '') break
    after = last
  }
  const reclaimed = (await blobs.reclaim?.({ ...(signal && { signal }) })) ?? 0
  if (removed > 0 || reclaimed > 0) log.info({ removed, reclaimed }, 'orphaned blobs removed')
  return removed
}
