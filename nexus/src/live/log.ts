import type { ClientBase, Pool } from 'pg'
import type { LogMessage } from './live-event.ts'

/** Positions of the live log that are kept. */
export const LIVE_WINDOW = 10_000
/** Wakes readers; the payload is the position of the batch, or `reset`. */
export const LIVE_CHANNEL = 'live'
export const READ_MAX = 2_000

const APPEND = `with added as (
    insert into live_log (position, ordinal, message)
    select $1::bigint, m.ordinal::int, m.message
    from jsonb_array_elements($2::jsonb) with ordinality as m (message, ordinal)
    on conflict do nothing
  ), trimmed as (
    delete from live_log where position <= $1::bigint - ${LIVE_WINDOW}
  )
  select pg_notify('${LIVE_CHANNEL}', $1::text)`

/** What a batch brought about, from the position before it to its last one. */
export interface LiveBatch {
  after: bigint
  position: bigint
  messages: readonly LogMessage[]
}

/** Appends what a batch brought about, in the transaction of the batch, and notifies once. */
export async function appendToLog(
  tx: Pick<ClientBase, 'query'>,
  position: bigint,
  messages: readonly LogMessage[],
): Promise<void> {
  if (messages.length === 0) return
  const values = [String(position), JSON.stringify(messages)]
  await tx.query({ name: 'append_live', text: APPEND, values })
}

const RESET = `with added as (
    insert into live_log (position, ordinal, message)
    select $1::bigint, coalesce(max(ordinal), 0) + 1, '{"type":"reset"}'
    from live_log where position = $1::bigint
  )
  select pg_notify('${LIVE_CHANNEL}', 'reset')`

/** Tells everybody, in every process, to read again; `position` is the last one that was applied. */
export async function appendReset(tx: Pick<ClientBase, 'query'>, position: bigint): Promise<void> {
  await tx.query(RESET, [String(position)])
}

/** A place in the log. */
export interface LogId {
  position: bigint
  ordinal: number
}

export interface LogLine extends LogId {
  message: LogMessage
}

export const formatId = ({ position, ordinal }: LogId): string => `${position}.${ordinal}`

/** Null for anything that is no id. */
export function parseId(text: string): LogId | null {
  const [, position, ordinal] = /^(\d{1,18})\.(\d{1,9})$/.exec(text) ?? []
  if (position === undefined || ordinal === undefined) return null
  return { position: BigInt(position), ordinal: Number(ordinal) }
}

export function compareIds(a: LogId, b: LogId): number {
  if (a.position !== b.position) return a.position < b.position ? -1 : 1
  return a.ordinal - b.ordinal
}

const READ = `select position, ordinal, message from live_log
  where (position, ordinal) > ($1::bigint, $2::int)
  order by position, ordinal limit ${READ_MAX}`

/** The next lines, at most 2,000. */
export async function readLog(pool: Pool, after: LogId): Promise<LogLine[]> {
  const { rows } = await pool.query<{ position: string; ordinal: number; message: LogMessage }>({
    name: 'read_live',
    text: READ,
    values: [String(after.position), after.ordinal],
  })
  return rows.map((row) => ({ ...row, position: BigInt(row.position) }))
}

const HEAD = 'select position, ordinal from live_log order by position desc, ordinal desc limit 1'

/** The last line; zeros when there is none. */
export async function headOfLog(pool: Pool): Promise<LogId> {
  const { rows } = await pool.query<{ position: string; ordinal: number }>(HEAD)
  const [row] = rows
  return row
    ? { position: BigInt(row.position), ordinal: row.ordinal }
    : { position: 0n, ordinal: 0 }
}
