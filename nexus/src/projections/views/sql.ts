import type { Tx } from '../pipeline.ts'

/**
 * A connection inside the projection's transaction. Statements run in the order in which they are
 * given, so that only those whose answer is needed have to be waited for.
 */
export type { Tx }

/** Column name → type, in order. */
type Columns = Readonly<Record<string, string>>

const list = (columns: Columns) => Object.keys(columns).join(', ')
const typed = (columns: Columns) =>
  Object.entries(columns)
    .map(([name, type]) => `${name} ${type === 'bytea' ? 'text' : type}`)
    .join(', ')
const selected = (columns: Columns) =>
  Object.entries(columns)
    .map(([name, type]) => (type === 'bytea' ? `decode(${name}, 'hex')` : name))
    .join(', ')

/** Writes rows given as one JSON array; bytea columns are hex. `kept` columns are set only once. */
export function upsert(
  table: string,
  key: readonly string[],
  columns: Columns,
  kept: readonly string[] = [],
) {
  const rest = Object.keys(columns).filter((name) => !key.includes(name) && !kept.includes(name))
  const set = rest.map((name) => `${name} = excluded.${name}`).join(', ')
  const text = `insert into ${table} (${list(columns)})
    select ${selected(columns)} from json_to_recordset($1::json) as r (${typed(columns)})
    on conflict (${key.join(', ')}) do ${set === '' ? 'nothing' : `update set ${set}`}`
  return async (tx: Tx, rows: readonly object[]): Promise<void> => {
    if (rows.length === 0) return
    await tx.query({ name: `views_upsert_${table}`, text, values: [JSON.stringify(rows)] })
  }
}

/** Deletes the rows with these keys. */
export function remove(table: string, columns: Columns) {
  const match = Object.keys(columns)
    .map((name) => `t.${name} = r.${name}`)
    .join(' and ')
  const text = `delete from ${table} t
    using json_to_recordset($1::json) as r (${typed(columns)}) where ${match}`
  return async (tx: Tx, rows: readonly object[]): Promise<void> => {
    if (rows.length === 0) return
    await tx.query({ name: `views_delete_${table}`, text, values: [JSON.stringify(rows)] })
  }
}

/** Runs a prepared statement. Names are shared by everybody who uses a connection. */
export async function rowsOf<R extends object>(
  tx: Tx,
  name: string,
  text: string,
  values: unknown[],
): Promise<R[]> {
  return (await tx.query<R>({ name: `views_${name}`, text, values })).rows
}
