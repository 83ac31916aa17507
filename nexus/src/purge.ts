import { createPgJournal } from '@pubky/indexer'
import { bytesOfKey } from '@pubky/indexer/rows'
import { type PublicKeyZ32, parsePublicKey, parseUri, type StoragePath } from '@pubky/protocol'
import { createPool, StartError } from '@pubky/server-kit'
import type { NexusConfig } from './config.ts'
import { openFiles } from './start.ts'

/** What is to be purged: everything of a person, or one path. */
export interface PurgeTarget {
  owner: PublicKeyZ32
  path: StoragePath | null
}

/** Reads a key or `pubky://<key>/<path>`. Throws `ProtocolError`. */
export function parsePurgeTarget(text: string): PurgeTarget {
  const isKey = !text.replace(/^pubky:\/\//, '').includes('/')
  return isKey ? { owner: parsePublicKey(text), path: null } : parseUri(text)
}

/**
 * Erases the bodies, pictures and references that the indexer holds, and says so in its journal, from
 * which every projection follows (design 3.3). Nexus may run meanwhile. What is written later comes in as
 * ever. Resolves to the number of entries; throws `nothing_to_purge` when there are none.
 */
export async function purge(
  config: Pick<NexusConfig, 'databaseUrl' | 'dataDir'>,
  o: PurgeTarget & { reason: string; nowMs: number },
): Promise<number> {
  const { owner, path, reason, nowMs } = o
  const pool = createPool(config.databaseUrl, { max: 2, name: 'purge' })
  const { blobs } = openFiles(config.dataDir)
  const journal = createPgJournal({ pool, url: config.databaseUrl, blobs })
  try {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::int as count from journal
       where owner = $1 and ($2::text is null or path = $2) and kind in (0, 1)`,
      [bytesOfKey(owner), path],
    )
    const count = rows[0]?.count ?? 0
    if (count === 0)
      throw new StartError('nothing_to_purge', `Nothing of ${owner}${path ?? ''} is here.`)
    await journal.appendPurge({ kind: 'PURGE', owner, path, receivedAtMs: nowMs, reason })
    return count
  } finally {
    await journal[Symbol.asyncDispose]()
    await blobs[Symbol.asyncDispose]()
    await pool.end()
  }
}
