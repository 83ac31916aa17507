import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { StartError } from '../errors.ts'

/** The advisory lock that Prisma Migrate takes, too. */
const MIGRATION_LOCK = 72_707_369

const TABLE = `create table if not exists _prisma_migrations (
  id varchar(36) primary key not null,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0
)`

interface Migration {
  name: string
  sql: string
  checksum: string
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const folders = await readdir(directory, { withFileTypes: true })
  const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(directory, name, 'migration.sql'))
      const checksum = createHash('sha256').update(bytes).digest('hex')
      return { name, sql: bytes.toString('utf8'), checksum }
    }),
  )
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  const { name, sql, checksum } = migration
  try {
    await client.query('begin')
    await client.query(sql)
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('commit')
  } catch (cause) {
    await client.query('rollback').catch(() => {})
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new StartError('migration_failed', `Migration ${name} failed: ${reason}`, cause)
  }
}

async function pending(client: pg.Client, migrations: Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'select migration_name, checksum from _prisma_migrations where rolled_back_at is null and finished_at is not null',
  )
  const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]))
  const known = new Set(migrations.map(({ name }) => name))
  for (const name of applied.keys())
    if (!known.has(name)) {
      const text = `The database was changed by a newer version (migration ${name}); update the program.`
      throw new StartError('data_version', text)
    }
  return migrations.filter(({ name, checksum }) => {
    const recorded = applied.get(name)
    if (recorded !== undefined && recorded !== checksum)
      throw new StartError(
        'migration_changed',
        `Migration ${name} was changed after it was applied.`,
      )
    return recorded === undefined
  })
}

/**
 * Applies the committed SQL of a folder in the order of its names, one transaction each. It writes
 * the table of Prisma Migrate, so that either can go on where the other stopped. Refuses a changed
 * file and a database of a newer version.
 */
export async function migrate(url: string, directory: string): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(directory)
  const client = new pg.Client({ connectionString: url, application_name: 'migrate' })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await client.query(TABLE)
    const todo = await pending(client, migrations)
    for (const migration of todo) await apply(client, migration)
    return { applied: todo.map(({ name }) => name) }
  } finally {
    await client.end()
  }
}
