import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { DatabaseName } from '../database.ts'
import { copyOut } from './copy.ts'
import type { DatabaseManifest } from './manifest.ts'

const MIGRATIONS_TABLE = '_prisma_migrations'

const TABLES = `
  select n.nspname as schema, c.relname as table,
    array(select a.attname::text from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
  order by 1, 2`

const SEQUENCES = `
  select schemaname as schema, sequencename as sequence from pg_sequences
  where schemaname !~ '^pg_' order by 1, 2`

export function qualified(schema: string, name: string): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`
}

export function columnList(columns: readonly string[]): string {
  return columns.map((column) => pg.escapeIdentifier(column)).join(', ')
}

/** A connection that sees one moment of a database until it is closed. */
export async function openSnapshot(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'backup' })
  await client.connect()
  await client.query('begin isolation level repeatable read read only')
  // The first query takes the snapshot.
  await client.query('select 1 from pg_class limit 1')
  return client
}

/** Names of blobs that rows name; candidates for removal may be gone already. */
export async function namedBlobs(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.table_schema || '.' || c.table_name as name from information_schema.columns c
     join information_schema.tables t using (table_schema, table_name)
     where c.column_name = 'blob_key' and t.table_type = 'BASE TABLE' and c.table_name <> 'orphan_candidates'`,
  )
  const keys = new Set<string>()
  for (const { name } of rows) {
    const [schema = '', table = ''] = name.split('.')
    const found = await client.query<{ blob_key: string }>(
      `select distinct blob_key from ${qualified(schema, table)} where blob_key is not null`,
    )
    for (const { blob_key } of found.rows) keys.add(blob_key)
  }
  return [...keys]
}

/** Writes every table of a snapshot into files below `dir` and says what they are. */
export async function dumpDatabase(
  client: pg.Client,
  name: DatabaseName,
  dir: string,
): Promise<DatabaseManifest> {
  await mkdir(join(dir, 'db', name), { recursive: true })
  const { rows: found } = await client.query<{ schema: string; table: string; columns: string[] }>(
    TABLES,
  )
  const tables: DatabaseManifest['tables'] = []
  for (const { schema, table, columns } of found) {
    if (table === MIGRATIONS_TABLE || columns.length === 0) continue
    const file = `db/${name}/${String(tables.length).padStart(4, '0')}.copy`
    const sql = `copy ${qualified(schema, table)} (${columnList(columns)}) to stdout`
    await copyOut(client, sql, createWriteStream(join(dir, file)))
    tables.push({ schema, table, columns, file })
  }
  const sequences: DatabaseManifest['sequences'] = []
  const { rows: named } = await client.query<{ schema: string; sequence: string }>(SEQUENCES)
  for (const { schema, sequence } of named) {
    const { rows } = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${qualified(schema, sequence)}`,
    )
    const [row] = rows
    if (row) sequences.push({ schema, sequence, value: row.value, isCalled: row.called })
  }
  return { migrations: await appliedMigrations(client, found), tables, sequences }
}

async function appliedMigrations(
  client: pg.Client,
  tables: readonly { table: string }[],
): Promise<DatabaseManifest['migrations']> {
  if (!tables.some(({ table }) => table === MIGRATIONS_TABLE)) return []
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select migration_name as name, checksum from ${MIGRATIONS_TABLE}
     where finished_at is not null and rolled_back_at is null order by migration_name`,
  )
  return rows
}
