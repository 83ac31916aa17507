import { catchUp, type Journal, type Projection } from '@pubky/indexer'
import { createPool } from '@pubky/server-kit'
import pg from 'pg'
import { appendReset } from '../live/log.ts'
import { createViews, VIEW_TABLES, VIEWS_NAME, VIEWS_VERSION } from './views/views.ts'

const NEXT = 'views_next'
const OLD = 'views_old'
/** Statements of a rebuild may take long; nobody waits for them. */
const STATEMENT_TIMEOUT_MS = 600_000

export interface RebuildOptions {
  pool: pg.Pool
  /** Address of the same database. */
  url: string
  journal: Journal
  signal?: AbortSignal
}

/**
 * Computes the views again from the journal beside those that are being read, then puts them in
 * their place in one transaction. The running projector goes on meanwhile and afterwards. What an
 * interrupted rebuild left is thrown away by the next one. Resolves to the position reached.
 */
export async function rebuildViews(o: RebuildOptions): Promise<bigint> {
  const { pool, journal, signal } = o
  await makeNext(pool)
  const nextPool = createPool(nextUrl(o.url), {
    max: 2,
    name: 'rebuild',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  try {
    const next = createViews({ pool: nextPool, isLive: false })
    await catchUp(journal, next, signal)
    return await swap(pool, journal, next)
  } finally {
    await nextPool.end()
    await pool.query(`drop schema if exists ${NEXT} cascade`)
  }
}

// The tables of the rebuild are found first, everything else (the journal) where it always is.
function nextUrl(url: string): string {
  const next = new URL(url)
  next.searchParams.set('options', `-c search_path=${NEXT},public`)
  return next.href
}

async function makeNext(pool: pg.Pool): Promise<void> {
  await pool.query(`drop schema if exists ${NEXT} cascade`)
  await pool.query(`create schema ${NEXT}`)
  for (const table of [...VIEW_TABLES, 'projection_positions'])
    await pool.query(`create table ${NEXT}.${table} (like public.${table} including all)`)
  const { rows } = await pool.query<{ made: string; name: string }>(INDEX_NAMES)
  for (const { made, name } of rows)
    if (made !== name)
      await pool.query(`alter index ${NEXT}.${quoted(made)} rename to ${quoted(name)}`)
}

const quoted = (name: string) => pg.escapeIdentifier(name)

// Copies of a table's indexes get names of their own; migrations know them by the old ones.
const INDEX_NAMES = `select min(n.indexname) as made, min(p.indexname) as name
  from pg_indexes n
  join pg_indexes p on p.schemaname = 'public' and p.tablename = n.tablename
    and substring(p.indexdef from ' USING .*') = substring(n.indexdef from ' USING .*')
  where n.schemaname = '${NEXT}'
  group by n.tablename, substring(n.indexdef from ' USING .*')`

/** Takes the last entries in while the projector is held, then exchanges the tables. */
async function swap(pool: pg.Pool, journal: Journal, next: Projection): Promise<bigint> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    await client.query(`set local lock_timeout = '30s'`)
    await client.query(
      `insert into public.projection_positions (name, version, position) values ($1, $2, 0)
       on conflict (name, version) do update set position = projection_positions.position`,
      [VIEWS_NAME, VIEWS_VERSION],
    )
    const position = await catchUp(journal, next)
    await client.query(`drop schema if exists ${OLD} cascade`)
    await client.query(`create schema ${OLD}`)
    for (const table of VIEW_TABLES) {
      await client.query(`alter table public.${table} set schema ${OLD}`)
      await client.query(`alter table ${NEXT}.${table} set schema public`)
    }
    await client.query(
      'update public.projection_positions set position = $3 where name = $1 and version = $2',
      [VIEWS_NAME, VIEWS_VERSION, position],
    )
    await appendReset(client, position)
    await client.query(`drop schema ${OLD} cascade`)
    await client.query('commit')
    return position
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause
    })
    throw error
  } finally {
    client.release(broken)
  }
}
