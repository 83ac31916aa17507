import { Buffer } from 'node:buffer'
import { type PublicKeyZ32, publicKeyBytes } from '@pubky/protocol'
import type { BlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { type ProofState, proofState } from './views.ts'

/** The winning bytes of an object, exactly as they were signed, with their proof. */
export interface StoredObject {
  body: Buffer | ReadableStream<Uint8Array> | null
  size: number
  contentType: string
  proof: Buffer | null
  verdict: ProofState
}

export interface ObjectReader {
  /**
   * Null when nothing is known of the path; without body when it was deleted. A blob is open and has
   * to be read or cancelled; not `withBlob` it stays closed, and the object is without body, too.
   */
  read(owner: string, path: string, o?: { withBlob?: boolean }): Promise<StoredObject | null>
}

interface Row {
  verdict: number
  deleted: boolean
  body: Buffer | null
  blob_key: string | null
  size: string | null
  proof: Buffer | null
}

const SQL = `select o.verdict, o.deleted, j.body, coalesce(j.blob_key, o.blob_key) as blob_key,
    coalesce(j.size, o.size)::text as size, j.proof
  from objects o left join journal j on j.position = o.position and j.owner = $3
  where o.owner = $1 and o.path = $2`

export function createObjectReader(o: { pool: Pool; blobs: BlobStore }): ObjectReader {
  const { pool, blobs } = o
  return {
    async read(owner, path, { withBlob = true } = {}) {
      const key = Buffer.from(publicKeyBytes(owner as PublicKeyZ32))
      const { rows } = await pool.query<Row>({
        name: 'object',
        text: SQL,
        values: [owner, path, key],
      })
      const row = rows[0]
      if (!row) return null
      const base = { proof: row.proof, verdict: proofState(row.verdict) }
      const type = path.startsWith('/pub/pubky.app/blobs/')
        ? 'application/octet-stream'
        : 'application/json'
      if (row.deleted || (!row.body && !row.blob_key))
        return { ...base, body: null, size: 0, contentType: type }
      if (row.body) return { ...base, body: row.body, size: row.body.length, contentType: type }
      const body = withBlob ? await blobs.read(row.blob_key ?? '') : null
      return { ...base, body, size: Number(row.size ?? 0), contentType: type }
    },
  }
}
