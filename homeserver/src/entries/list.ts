import {
  ProtocolError,
  type PublicKeyZ32,
  parsePublicKeyLenient,
  parseStrictPath,
  type StoragePath,
} from '@pubky/protocol'
import type { Pool } from 'pg'
import { refusals } from '../errors.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** Options of a listing (spec/homeserver.md 5.5). */
export interface ListQuery {
  limit: number
  /** Exclusive; a path below which or before which to go on. */
  cursor: StoragePath | null
  reverse: boolean
  shallow: boolean
}

export function parseBoolean(value: string | null): boolean {
  if (value === null) return false
  switch (value.toLowerCase()) {
    case '':
    case 'true':
    case 'yes':
    case '1':
      return true
    case 'false':
    case 'no':
    case '0':
      return false
  }
  throw refusals.invalidBoolean()
}

/** Unparsable is the default; more than 1000 is 1000. */
export function parseLimit(value: string | null): number {
  if (value === null || !/^\d{1,5}$/.test(value) || Number(value) > 65_535) return DEFAULT_LIMIT
  return Math.min(Number(value), MAX_LIMIT)
}

function parseCursor(value: string | null): StoragePath | null {
  if (value === null || value === '') return null
  const text = value.startsWith('pubky://') ? value.slice('pubky://'.length) : value
  const slash = text.indexOf('/')
  try {
    if (slash < 0) throw refusals.invalidCursor()
    parsePublicKeyLenient(text.slice(0, slash))
    return parseStrictPath(text.slice(slash))
  } catch (error) {
    if (error instanceof ProtocolError) throw refusals.invalidCursor()
    throw error
  }
}

export function parseListQuery(query: URLSearchParams): ListQuery & { badCursor: Error | null } {
  const rest = {
    limit: parseLimit(query.get('limit')),
    reverse: parseBoolean(query.get('reverse')),
    shallow: parseBoolean(query.get('shallow')),
  }
  try {
    return { ...rest, cursor: parseCursor(query.get('cursor')), badCursor: null }
  } catch (error) {
    // Told only after the folder was found to exist.
    return {
      ...rest,
      cursor: null,
      badCursor: error instanceof Error ? error : refusals.invalidCursor(),
    }
  }
}

/** The first text after all that start with a prefix, which ends in `/`. */
function after(prefix: string): string {
  return `${prefix.slice(0, -1)}0`
}

/** The first text after one text: paths hold no control characters. */
function next(path: string): string {
  return `${path}\u0001`
}

function deepSql(reverse: boolean): string {
  return `select path from entries where user_id = $1 and path >= $2 and path < $3
    order by path ${reverse ? 'desc' : 'asc'} limit $4`
}

/** Existence of anything below a folder, which decides between an empty list and 404. */
export async function folderExists(
  pool: Pool,
  userId: string,
  folder: StoragePath,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'folder_exists',
    text: 'select 1 from entries where user_id = $1 and path > $2 and path < $3 limit 1',
    values: [userId, folder, after(folder)],
  })
  return rowCount === 1
}

async function deep(
  pool: Pool,
  userId: string,
  folder: StoragePath,
  q: ListQuery,
): Promise<string[]> {
  const low = q.cursor !== null && !q.reverse && q.cursor > folder ? next(q.cursor) : folder
  const high = q.cursor !== null && q.reverse && q.cursor < after(folder) ? q.cursor : after(folder)
  const { rows } = await pool.query<{ path: string }>({
    name: q.reverse ? 'list_reverse' : 'list',
    text: deepSql(q.reverse),
    values: [userId, low, high, q.limit],
  })
  return rows.map((row) => row.path)
}

/** The name at the first level below a folder that a path belongs to. */
function firstLevel(folder: string, path: string): string {
  const slash = path.indexOf('/', folder.length)
  return slash < 0 ? path : path.slice(0, slash + 1)
}

/**
 * Each step jumps over a folder by the index, so that a listing costs as many look-ups as it has lines,
 * whatever lies below, and one question. $5 is the folder.
 */
function shallowSql(reverse: boolean): string {
  const rest = 'substr(path, length($5) + 1)'
  const name = `case position('/' in ${rest}) when 0 then path
    else left(path, length($5) + position('/' in ${rest})) end`
  const beyond =
    "case right(n.name, 1) when '/' then left(n.name, -1) || '0' else n.name || chr(1) end"
  const [bounds, order] = reverse
    ? ['path >= $2 and path < n.name', 'desc']
    : [`path >= ${beyond} and path < $3`, 'asc']
  return `with recursive names (name) as (
    (select ${name} from entries where user_id = $1 and path >= $2 and path < $3
      order by path ${order} limit 1)
    union all
    select (select ${name} from entries where user_id = $1 and ${bounds} order by path ${order} limit 1)
    from names n where n.name is not null
  ) select name as path from names where name is not null limit $4`
}

/** First-level names in byte order, folders once with a final slash. */
async function shallow(
  pool: Pool,
  userId: string,
  folder: StoragePath,
  q: ListQuery,
): Promise<string[]> {
  let low: string = folder
  let high = after(folder)
  if (q.cursor !== null) {
    const name = q.cursor.startsWith(folder) ? firstLevel(folder, q.cursor) : q.cursor
    const beyond = name.endsWith('/') ? after(name) : next(name)
    if (!q.reverse && beyond > low) low = beyond
    if (q.reverse) {
      const bound = name === q.cursor ? name : beyond
      high = bound < high ? bound : high
    }
  }
  const { rows } = await pool.query<{ path: string }>({
    name: q.reverse ? 'shallow_reverse' : 'shallow',
    text: shallowSql(q.reverse),
    values: [userId, low, high, q.limit, folder],
  })
  return rows.map((row) => row.path)
}

/** Addresses below a folder in UTF-8 byte order. */
export async function listFolder(
  pool: Pool,
  o: { owner: PublicKeyZ32; userId: string; folder: StoragePath },
  query: ListQuery,
): Promise<string[]> {
  if (query.limit === 0) return []
  const paths = query.shallow
    ? await shallow(pool, o.userId, o.folder, query)
    : await deep(pool, o.userId, o.folder, query)
  return paths.map((path) => `pubky://${o.owner}${path}`)
}
