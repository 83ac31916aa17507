import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPool, ensureDatabase, migrate } from '@pubky/server-kit'
import pg from 'pg'

export interface TestDatabase extends AsyncDisposable {
  url: string
  pool: pg.Pool
}

function adminUrl(): string {
  const url = process.env.TEST_PG_URL
  if (!url)
    throw new Error(
      'TEST_PG_URL is not set: run the tests with vitest, whose set-up starts a server',
    )
  return url
}

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl() })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function fingerprint(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders)
    for (const name of readdirSync(folder).sort())
      if (name !== 'migration_lock.toml')
        hash.update(readFileSync(join(folder, name, 'migration.sql')))
  return hash.digest('hex').slice(0, 16)
}

const templates = new Map<string, Promise<string>>()

/** A database with the migrations applied, from which tests are copied. */
async function makeTemplate(folders: readonly string[]): Promise<string> {
  const name = `template_${fingerprint(folders)}_${process.pid}`
  const url = await ensureDatabase(adminUrl(), name)
  for (const folder of folders) await migrate(url, folder)
  return name
}

/** A fresh database in the run's server, dropped on disposal. */
export async function createTestDatabase(
  migrations: string | string[] = [],
): Promise<TestDatabase> {
  const folders = [migrations].flat()
  const key = folders.join('\n')
  const template = templates.get(key) ?? makeTemplate(folders)
  templates.set(key, template)
  const name = `test_${randomBytes(8).toString('hex')}`
  await admin(`create database ${name} template ${pg.escapeIdentifier(await template)}`)
  const url = new URL(adminUrl())
  url.pathname = `/${name}`
  const pool = createPool(url.href, { max: 8, name })
  return {
    url: url.href,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end()
      await admin(`drop database if exists ${name} with (force)`)
    },
  }
}
