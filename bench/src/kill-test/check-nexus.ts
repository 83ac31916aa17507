import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { catchUp, createPgJournal, type Projection } from '@pubky/indexer'
import { createProjections, openGraph, openSearch } from '@pubky/nexus'
import { createFileBlobStore, createPool, ensureDatabase } from '@pubky/server-kit'
import { startEmbeddedPostgres } from '@pubky/server-kit/postgres/embedded'
import type { Pool } from 'pg'
import pg from 'pg'
import type { NetworkProcess } from '../network-process.ts'
import type { Findings } from './check-home.ts'

const CAUGHT_UP_MS = 120_000
const COPY = 'pubky_nexus_again'
/** What the built-in engines keep for graph and search, besides the facts that digests are made of. */
const ENGINE_TABLES = [
  'graph_users',
  'graph_posts',
  'graph_mentions',
  'graph_follows',
  'graph_tags',
  'graph_bookmarks',
  'search_posts',
  'search_users',
  'search_labels',
  'search_words',
]

async function number(client: Pick<Pool, 'query'>, text: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(text)
  return Number(rows[0]?.n ?? 0)
}

/** Waits until every event has reached the journal and every projection its end. */
export async function untilCaughtUp(
  network: Pick<NetworkProcess, 'databaseUrl'>,
): Promise<{ ms: number; findings: Findings }> {
  const sinceMs = performance.now()
  const home = createPool(network.databaseUrl('homeserver'), { max: 1 })
  const nexus = createPool(network.databaseUrl('nexus'), { max: 1 })
  const state = async () => {
    const last = await number(
      home,
      `select coalesce(max(id), 0) as n from events where path like '/pub/%'`,
    )
    const cursor = await number(
      nexus,
      `select coalesce(max(event_id), 0) as n from source_cursors where owner = '\\x'`,
    )
    const behind = await number(
      nexus,
      `select count(*) as n from (values ('views'), ('graph'), ('search')) p (name)
       where not exists (
         select from projection_positions q where q.name = p.name and q.position >= journal_head()
       )`,
    )
    return { last, cursor, behind }
  }
  try {
    for (;;) {
      const { last, cursor, behind } = await state()
      const ms = performance.now() - sinceMs
      if (cursor >= last && behind === 0) return { ms, findings: [] }
      if (ms > CAUGHT_UP_MS)
        return {
          ms,
          findings: [`Nexus stays at ${cursor} of ${last}, ${behind} projections behind`],
        }
      await sleep(100)
    }
  } finally {
    await Promise.all([home.end(), nexus.end()])
  }
}

/** Each event of the homeserver is one entry of the journal, and each entry is of an event. */
async function checkJournal(home: Pool, nexus: Pool): Promise<Findings> {
  const lines = `select id::text || ' ' || kind || ' ' || path || ' ' || coalesce(encode(hash, 'hex'), '') as line
    from events where path like '/pub/%' order by id`
  const entries = `select event_id::text || ' ' || kind || ' ' || path || ' ' || coalesce(encode(hash, 'hex'), '') as line,
    status from journal where kind in (0, 1) order by event_id`
  const told = (await home.query<{ line: string }>(lines)).rows.map(({ line }) => line)
  const { rows } = await nexus.query<{ line: string; status: number }>(entries)
  const findings: Findings = []
  const known = new Set(rows.map(({ line }) => line))
  // What was replaced before it was fetched is there without its bytes.
  const ids = new Set(rows.map(({ line }) => line.split(' ')[0]))
  for (const line of told) {
    const isThere = known.has(line) || ids.has(line.split(' ')[0])
    if (!isThere) findings.push(`event ${line} is not in the journal`)
  }
  if (rows.length !== told.length)
    findings.push(`${rows.length} entries in the journal for ${told.length} events`)
  const refused = rows.filter(({ status }) => status === 2)
  for (const { line } of refused) findings.push(`entry ${line} was refused`)
  return findings
}

async function rowsDigest(pool: Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ digest: string }>(
    `select count(*) || '-' || coalesce(sum(hashtextextended(t::text, 1)::numeric), 0) as digest
     from ${pg.escapeIdentifier(table)} t`,
  )
  return rows[0]?.digest ?? ''
}

/** To find out why: the first row of `objects` that is another one after the rebuild. */
async function firstDifference(had: Pool, again: Pool): Promise<string | null> {
  const text = `select owner, path, to_jsonb(o) - 'position' as row from objects o order by owner, path`
  const [before, after] = await Promise.all([had.query(text), again.query(text)])
  const print = (row: unknown) => JSON.stringify(row)
  const at = before.rows.findIndex((row, i) => print(row) !== print(after.rows[i]))
  if (at < 0) return null
  const left: Record<string, unknown> = before.rows[at].row
  const right: Record<string, unknown> = after.rows[at]?.row ?? {}
  const names = Object.keys(left).filter((name) => print(left[name]) !== print(right[name]))
  const shown = names.map((name) => `${name}: ${print(left[name])} / ${print(right[name])}`)
  return `${before.rows[at].path} (deleted: ${left.deleted}) ${shown.join(', ')}`
}

interface Built {
  pool: Pool
  projections: Projection[]
  journal: ReturnType<typeof createPgJournal>
  close(): Promise<void>
}

async function open(url: string, blobsDir: string): Promise<Built> {
  const pool = createPool(url, { max: 4, statementTimeoutMs: 600_000 })
  const blobs = createFileBlobStore({ dir: blobsDir })
  const journal = createPgJournal({ pool, url, blobs })
  const [graph, search] = [await openGraph({}, pool), await openSearch({}, pool)]
  return {
    pool,
    journal,
    projections: createProjections(pool, graph, search),
    async close() {
      for (const part of [graph, search, journal, blobs]) await part[Symbol.asyncDispose]()
      await pool.end()
    },
  }
}

/**
 * Compares everything that Nexus had computed while it was killed and started with what a copy of its
 * journal gives from the beginning. The network must have been stopped.
 */
export async function checkProjections(
  dataDir: string,
): Promise<{ entries: number; compared: string[]; findings: Findings }> {
  await using server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') })
  const admin = new pg.Client(server.url('postgres'))
  await admin.connect()
  await admin.query(`drop database if exists ${COPY}`)
  await admin.query(`create database ${COPY} template pubky_nexus`)
  await admin.end()
  const blobsDir = join(dataDir, 'nexus', 'blobs')
  const had = await open(server.url('pubky_nexus'), blobsDir)
  const again = await open(await ensureDatabase(server.url('postgres'), COPY), blobsDir)
  const home = createPool(server.url('pubky_homeserver'), { max: 1 })
  try {
    const findings = await checkJournal(home, had.pool)
    const compared: string[] = []
    const compare = (what: string, before: string, after: string) => {
      compared.push(what)
      if (before !== after) findings.push(`${what} differs from a rebuild: ${before} / ${after}`)
    }
    for (const [i, projection] of again.projections.entries()) {
      const original = had.projections[i]
      await projection.reset()
      await catchUp(again.journal, projection)
      if (!original) continue
      const { name } = projection
      compare(`${name} state`, await original.stateDigest(), await projection.stateDigest())
      compare(`${name} notices`, await original.noticeDigest(), await projection.noticeDigest())
    }
    const objects = await firstDifference(had.pool, again.pool)
    if (objects) findings.push(`the first object that differs: ${objects}`)
    for (const table of ENGINE_TABLES)
      compare(table, await rowsDigest(had.pool, table), await rowsDigest(again.pool, table))
    return { entries: Number(await had.journal.head()), compared, findings }
  } finally {
    await Promise.all([had.close(), again.close(), home.end()])
  }
}
