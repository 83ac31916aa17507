import { join } from 'node:path'
import type { Pool } from 'pg'
import type { BlobStore } from './blob-store.ts'
import { createFileBlobStore } from './files.ts'
import { createPostgresBlobStore } from './postgres.ts'

export const BLOB_STORES = ['files', 'postgres', 'lmdb', 's3'] as const
export type BlobStoreKind = (typeof BLOB_STORES)[number]

export interface BlobStoreSettings {
  /** Files, the LMDB file and the spool of S3 uploads lie below it. */
  dataDir: string
  pool: Pool
  s3: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string }
}

/** Opens the store that a setting names; what only one of them needs is loaded for that one. */
export async function openBlobStore(kind: BlobStoreKind, o: BlobStoreSettings): Promise<BlobStore> {
  switch (kind) {
    case 'files':
      return createFileBlobStore({ dir: join(o.dataDir, 'blobs') })
    case 'postgres':
      return createPostgresBlobStore({ pool: o.pool })
    case 'lmdb': {
      const { createLmdbBlobStore } = await import('./lmdb.ts')
      return createLmdbBlobStore({ dir: join(o.dataDir, 'blobs.lmdb') })
    }
    case 's3': {
      const { createS3BlobStore } = await import('./s3.ts')
      return createS3BlobStore({ ...o.s3, spoolDir: join(o.dataDir, 'spool') })
    }
  }
}
