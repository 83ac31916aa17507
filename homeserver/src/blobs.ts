import { type BlobStore, createMovingBlobStore, openBlobStore } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { HomeserverConfig } from './config.ts'

export function blobStoreSettings(config: HomeserverConfig, pool: Pool) {
  return {
    dataDir: config.dataDir,
    pool,
    s3: {
      endpoint: config.s3Endpoint,
      region: config.s3Region,
      accessKeyId: config.s3AccessKeyId,
      secretAccessKey: config.s3SecretAccessKey,
    },
  }
}

/** The store of the configuration; both, while blobs are on their way from one to the other. */
export async function openBlobs(config: HomeserverConfig, pool: Pool): Promise<BlobStore> {
  const settings = blobStoreSettings(config, pool)
  const to = await openBlobStore(config.blobStore, settings)
  if (config.blobStoreFrom === 'none') return to
  return createMovingBlobStore({ to, from: await openBlobStore(config.blobStoreFrom, settings) })
}
