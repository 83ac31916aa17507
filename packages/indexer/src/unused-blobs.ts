import type { BlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'

/**
 * Deletes those blobs that no entry names any more. It holds the lock of the journal meanwhile, so
 * that no entry can begin to name one; who appended earlier is seen, who appends later looks again.
 */
export async function deleteUnusedBlobs(
  pool: Pool,
  blobs: BlobStore,
  keys: readonly string[],
): Promise<number> {
  if (keys.length === 0) return 0
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select journal_lock()')
    const { rows } = await client.query<{ key: string }>(
      `select key from unnest($1::text[]) as key
       where not exists (select from journal j where j.blob_key = key)`,
      [keys],
    )
    const unused = rows.map((row) => row.key)
    await blobs.delete(unused)
    await client.query('commit')
    return unused.length
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}
