import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { Pool } from 'pg'
import { keyBytes } from '../sessions/cookie.ts'

/** A stored file: what is needed to serve it. */
export interface Entry {
  hash: Buffer
  size: number
  contentType: string
  modifiedAt: Date
  inline: Buffer | null
  blobKey: string | null
  proof: Buffer | null
}

interface Row {
  hash: Buffer
  size: string
  content_type: string
  modified_at: Date
  inline: Buffer | null
  blob_key: string | null
  proof: Buffer | null
}

const SQL = `select e.hash, e.size, e.content_type, e.modified_at, e.inline, e.blob_key, p.bytes as proof
  from users u
  join entries e on e.user_id = u.id
  left join proofs p on p.user_id = e.user_id and p.path = e.path
  where u.key = $1 and e.path = $2`

export async function readEntry(
  pool: Pool,
  owner: PublicKeyZ32,
  path: StoragePath,
): Promise<Entry | null> {
  const values = [keyBytes(owner), path]
  const { rows } = await pool.query<Row>({ name: 'entry', text: SQL, values })
  const row = rows[0]
  if (!row) return null
  return {
    hash: row.hash,
    size: Number(row.size),
    contentType: row.content_type,
    modifiedAt: row.modified_at,
    inline: row.inline,
    blobKey: row.blob_key,
    proof: row.proof,
  }
}

/** The newest proof of a path, of a deletion too; null when an unsigned write followed it. */
export async function readProof(
  pool: Pool,
  owner: PublicKeyZ32,
  path: StoragePath,
): Promise<{ timestamp: bigint; bytes: Buffer | null } | null> {
  const { rows } = await pool.query<{ ts_micros: string; bytes: Buffer | null }>({
    name: 'proof',
    text: `select p.ts_micros, p.bytes from users u join proofs p on p.user_id = u.id
      where u.key = $1 and p.path = $2`,
    values: [keyBytes(owner), path],
  })
  return rows[0] ? { timestamp: BigInt(rows[0].ts_micros), bytes: rows[0].bytes } : null
}
