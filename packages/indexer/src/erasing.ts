import type { BlobStore } from '@pubky/server-kit'
import type { Pool, PoolClient } from 'pg'

/**
 * Runs `erase`, which takes bodies out of entries and tells which blobs those named, and deletes the blobs
 * that no entry names any more. All in one transaction, so that what a crash cuts off is done again. It
 * holds the lock of the journal, so that no entry can begin to name one: who appended earlier is seen,
 * who appends later looks again.
 */
export async function erasing<T extends { blobs: readonly string[] }>(
  pool: Pool,
  blobs: BlobStore,
  erase: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select journal_lock()')
    const erased = await erase(client)
    const { rows } = await client.query<{ key: string }>(
      `select key from unnest($1::text[]) as key
       where not exists (select from journal j where j.blob_key = key)`,
      [erased.blobs],
    )
    if (rows.length > 0) await blobs.delete(rows.map((row) => row.key))
    await client.query('commit')
    return erased
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}
