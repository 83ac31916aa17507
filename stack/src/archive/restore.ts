import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { migrate } from '@pubky/server-kit/postgres/migrate'
import { removeClusterElsewhere } from '@pubky/server-kit/postgres/runner'
import pg from 'pg'
import { DATA_VERSION } from '../data-folder.ts'
import { DATABASES, type DatabaseName, openDatabases } from '../database.ts'
import { StackError } from '../errors.ts'
import { copyIn } from './copy.ts'
import { columnList, qualified } from './dump.ts'
import { type DatabaseManifest, type Manifest, readManifest } from './manifest.ts'
import { extractTar } from './tar.ts'

async function extract(file: string, dir: string): Promise<void> {
  const source = createReadStream(file)
  const unzipped = source.pipe(createGunzip())
  source.once('error', (error) => unzipped.destroy(error))
  try {
    await extractTar(unzipped, dir)
  } catch (cause) {
    const isNotZip = cause instanceof Error && 'code' in cause && /^Z_/.test(String(cause.code))
    if (isNotZip)
      throw new StackError('archive_invalid', 'The file is no whole backup of Pubky.', cause)
    throw cause
  } finally {
    source.destroy()
  }
}

/** The migrations that a backup was made with; each must be here, unchanged. */
async function collectMigrations(
  name: DatabaseName,
  manifest: DatabaseManifest,
  o: { repository: string; scratch: string },
): Promise<void> {
  const folder = migrationsOf(name, o.scratch)
  await mkdir(folder, { recursive: true })
  for (const { name: migration, checksum } of manifest.migrations) {
    const from = join(o.repository, 'prisma', name, 'migrations', migration)
    const isKnown = /^\w+$/.test(migration) && existsSync(join(from, 'migration.sql'))
    const sql = isKnown ? await readFile(join(from, 'migration.sql')) : null
    if (!sql || createHash('sha256').update(sql).digest('hex') !== checksum)
      throw new StackError(
        'archive_newer',
        `The backup was made by another version (migration ${migration} of ${name}): update the program.`,
      )
    await cp(from, join(folder, migration), { recursive: true })
  }
}

function migrationsOf(name: DatabaseName, scratch: string): string {
  return join(scratch, 'migrations', name)
}

async function fillTables(url: string, manifest: DatabaseManifest, dir: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'restore' })
  await client.connect()
  try {
    await client.query('begin')
    // Rows come as they were: no trigger and no foreign key has a say in their order.
    await client.query('set local session_replication_role = replica')
    const names = manifest.tables.map(({ schema, table }) => qualified(schema, table))
    if (names.length > 0) await client.query(`truncate ${names.join(', ')}`)
    for (const { schema, table, columns, file } of manifest.tables) {
      const sql = `copy ${qualified(schema, table)} (${columnList(columns)}) from stdin`
      await copyIn(client, sql, createReadStream(join(dir, file)))
    }
    for (const { schema, sequence, value, isCalled } of manifest.sequences)
      await client.query('select setval($1::regclass, $2::bigint, $3)', [
        qualified(schema, sequence),
        value,
        isCalled,
      ])
    await client.query('commit')
    await client.query('analyze')
  } finally {
    await client.end()
  }
}

/** A server of `DATABASE_URL` may hold something already. */
async function refuseUsed(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(
      "select 1 from pg_tables where schemaname !~ '^(pg_|information_schema)' limit 1",
    )
    if (rows.length > 0)
      throw new StackError('restore_target_used', 'The databases of DATABASE_URL are not empty.')
  } finally {
    await client.end()
  }
}

async function isUnused(dir: string): Promise<boolean> {
  return !existsSync(dir) || (await readdir(dir)).length === 0
}

/** Removes what a restore that failed or was killed had made. */
async function discard(target: string): Promise<void> {
  removeClusterElsewhere(join(target, 'postgres'))
  await rm(target, { recursive: true, force: true })
}

async function restoreDatabases(o: {
  manifest: Manifest
  scratch: string
  target: string
  repository: string
}): Promise<void> {
  for (const name of DATABASES) await collectMigrations(name, o.manifest.databases[name], o)
  await using databases = await openDatabases({
    dataDir: join(o.target, 'postgres'),
    port: 0,
    tell: () => {},
  })
  for (const name of DATABASES) await refuseUsed(databases.url(name))
  for (const name of DATABASES) {
    const manifest = o.manifest.databases[name]
    // The tables as they were; the next start applies what came later.
    await migrate(databases.url(name), migrationsOf(name, o.scratch))
    await fillTables(databases.url(name), manifest, o.scratch)
  }
}

/**
 * Makes a data folder from a backup. It appears under its name only when it is whole; a folder that
 * is in use already is refused (`restore_target_used`).
 */
export async function restore(o: {
  file: string
  dataDir: string
  repository: string
}): Promise<{ createdAt: string }> {
  const text = `The data folder ${o.dataDir} is in use already: name a new one with --data.`
  if (!(await isUnused(o.dataDir))) throw new StackError('restore_target_used', text)
  const target = `${o.dataDir}.restoring`
  await discard(target)
  await mkdir(dirname(target), { recursive: true })
  await mkdir(target, { mode: 0o700 })
  try {
    const scratch = join(target, '.restore')
    await extract(o.file, scratch)
    const manifest = await readManifest(join(scratch, 'manifest.json'))
    await restoreDatabases({ manifest, scratch, target, repository: o.repository })
    const files = join(scratch, 'files')
    const names = existsSync(files) ? await readdir(files) : []
    for (const name of names) await rename(join(files, name), join(target, name))
    await rm(scratch, { recursive: true, force: true })
    await writeFile(join(target, 'VERSION'), `${DATA_VERSION}\n`)
    if (existsSync(o.dataDir)) await rmdir(o.dataDir)
    await rename(target, o.dataDir)
    return { createdAt: manifest.createdAt }
  } catch (error) {
    await discard(target)
    throw error
  }
}
