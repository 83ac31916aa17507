import type { Pool } from 'pg'
import { BlobMissingError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { createPieceWriter, isBlobKey, newBlobKey, readPieces } from './pieces.ts'

const PIECE_BYTES = 512 * 1024
/** Who reads a blob may finish reading it after its deletion; an upload may take a day. */
const SWEEP = `delete from blobs
  where deleted_at < now() - interval '10 minutes' or (hash is null and created_at < now() - interval '1 day')`

/** The commit at the end makes it durable together with what was written before. */
const ADD_PIECE = `insert into blob_pieces (key, n, bytes)
  select $1, $2, $3 from set_config('synchronous_commit', 'off', true)`

interface Row {
  key: string
  size: string
  hash: Buffer
}

/** Blobs in the tables `blobs` and `blob_pieces`. A blob is visible once its row has a hash. */
export function createPostgresBlobStore({ pool }: { pool: Pool }): BlobStore {
  async function find(key: string): Promise<Row | null> {
    if (!isBlobKey(key)) return null
    const { rows } = await pool.query<Row>(
      'select key, size::text, hash from blobs where key = $1 and hash is not null and deleted_at is null',
      [key],
    )
    return rows[0] ?? null
  }

  return {
    async begin(asked) {
      const key = newBlobKey(asked)
      await pool.query('insert into blobs (key) values ($1)', [key])
      return createPieceWriter(key, PIECE_BYTES, {
        async piece(n, bytes) {
          await pool.query(ADD_PIECE, [key, n, bytes])
        },
        async finish({ size, blake3 }) {
          const { rowCount } = await pool.query(
            'update blobs set size = $2, hash = $3 where key = $1',
            [key, size, Buffer.from(blake3)],
          )
          if (rowCount !== 1) throw new BlobMissingError(key)
        },
        async abort() {
          await pool.query('delete from blobs where key = $1', [key])
        },
      })
    },
    async read(key, { start, end } = {}) {
      const row = await find(key)
      if (!row) throw new BlobMissingError(key.slice(0, 40))
      return readPieces({
        key,
        size: Number(row.size),
        pieceBytes: PIECE_BYTES,
        start,
        end,
        async piece(n) {
          const { rows } = await pool.query<{ bytes: Buffer }>({
            name: 'blob_piece',
            text: 'select bytes from blob_pieces where key = $1 and n = $2',
            values: [key, n],
          })
          return rows[0]?.bytes ?? null
        },
      })
    },
    async stat(key) {
      const row = await find(key)
      return row && { key, size: Number(row.size), blake3: new Uint8Array(row.hash) }
    },
    async delete(keys) {
      await pool.query(
        'update blobs set deleted_at = now() where key = any ($1) and hash is not null and deleted_at is null',
        [keys.filter(isBlobKey)],
      )
      await pool.query(SWEEP)
    },
    async *list({ after = '', limit, signal }) {
      const { rows } = await pool.query<{ key: string; size: string; created_at: Date }>(
        `select key, size::text, created_at from blobs
         where key > $1 and hash is not null and deleted_at is null order by key limit $2`,
        [after, limit],
      )
      for (const row of rows) {
        signal?.throwIfAborted()
        yield { key: row.key, size: Number(row.size), createdMs: row.created_at.getTime() }
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}
