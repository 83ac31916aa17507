import { exportAccount } from '@pubky/sdk/archive-export'
import { type ArchiveReport, verifyArchive } from '@pubky/sdk/archive-source'
import type { RuntimeConfig } from '../config.ts'
import { pubkyClient } from '../session/connection.ts'
import { type RootSecret, withRoot } from '../session/root.ts'
import { blobArchive } from './blob-archive.ts'

// Loaded when somebody exports or checks an archive.

export interface Amount {
  done: number
  total: number
}

export interface Exported {
  archive: Blob
  objects: number
}

/** Everything of an account in one file; the root key is forgotten when it ends, however it ends. */
export async function exportData(
  config: RuntimeConfig,
  user: string,
  secret: RootSecret,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (amount: Amount) => void },
): Promise<Exported> {
  const file = blobArchive()
  const { objects } = await withRoot(user, secret, (root) =>
    exportAccount(pubkyClient(config), root, {
      file,
      signal,
      onProgress: (done, total) => onProgress({ done, total }),
    }),
  )
  return { archive: file.blob(), objects }
}

/** Checks an archive without any server. */
export function checkArchive(file: Blob): Promise<ArchiveReport> {
  return verifyArchive(blobArchive(file))
}
