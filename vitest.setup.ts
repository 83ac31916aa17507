import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from './packages/server-kit/src/index.ts'

/** One PostgreSQL for the whole run; `TEST_PG_URL` names another. */
export async function setup(): Promise<() => Promise<void>> {
  if (process.env.TEST_PG_URL) return async () => {}
  const dataDir = await mkdtemp(join(tmpdir(), 'pubky-test-pg-'))
  const server = await startEmbeddedPostgres({ dataDir, fsync: false })
  process.env.TEST_PG_URL = server.url('postgres')
  return async () => {
    await server[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  }
}
