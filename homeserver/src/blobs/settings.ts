import type { BlobStoreSettings } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { HomeserverConfig } from '../config.ts'

export function blobStoreSettings(config: HomeserverConfig, pool: Pool): BlobStoreSettings {
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
