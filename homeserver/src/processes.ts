import { randomUUID } from 'node:crypto'
import { type Logger, shareNext } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { BlobMove } from './blobs/placement.ts'

const BEAT_MS = 5000
/** A process that has said nothing for so long is gone. It asks itself before it trusts what it knows. */
export const GONE_SECONDS = 30
const FRESH_MS = 20_000

/** What a process says of itself. */
export interface Presence {
  /** The number and the state of the move of blobs that it follows. */
  follows: string
  oldUploads: number
  problem: string | null
}

/** The processes that serve one database: each tells that it lives, and reads what concerns them all. */
export interface Processes extends AsyncDisposable {
  readonly id: string
  /** How many there are beside this one. */
  readonly others: number
  isFresh(): boolean
  /** Tells and reads now; what was read is newer than the call. */
  beat(): Promise<void>
  /** From now on by itself. */
  start(): void
}

type Row = { others: number } & (BlobMove | { [Name in keyof BlobMove]: null })

// Whoever ends a move locks its row: either it sees this process, or this process sees that it ended.
const BEAT = `
  with me as (
    insert into processes (id, follows, old_uploads, problem) values ($1, $2, $3, $4)
    on conflict (id) do update set seen_at = now(), follows = excluded.follows,
      old_uploads = excluded.old_uploads, problem = excluded.problem
  ),
  gone as (delete from processes where seen_at < now() - interval '1 day'),
  m as (select number::text, source, target, state, probe, sealed from blob_moves for share)
  select m.*, (
    select count(*) from processes p
    where p.id <> $1 and p.seen_at > now() - ${GONE_SECONDS} * interval '1 second'
  )::int as others
  from (values (1)) as one left join m on true`

export function createProcesses(o: {
  pool: Pool
  log: Logger
  presence: () => Presence
  /** Does what a move asks for, before the next beat tells that it is done. */
  follow: (move: BlobMove | null) => Promise<void>
}): Processes {
  const { pool, log, presence, follow } = o
  const id = randomUUID()
  let others = 0
  let readMs = Number.NEGATIVE_INFINITY
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  async function tell(): Promise<Row | undefined> {
    const { follows, oldUploads, problem } = presence()
    const values = [id, follows, oldUploads, problem]
    const { rows } = await pool.query<Row>({ name: 'beat', text: BEAT, values })
    return rows[0]
  }

  async function once(): Promise<void> {
    const askedMs = performance.now()
    const before = presence()
    const row = await tell()
    others = row?.others ?? 0
    await follow(row && row.number !== null ? row : null)
    readMs = askedMs
    const after = presence()
    if (after.follows !== before.follows || after.problem !== before.problem) await tell()
  }

  const share = shareNext(once)

  function beat(): Promise<void> {
    last = share()
    return last
  }

  return {
    id,
    get others() {
      return others
    },
    isFresh: () => performance.now() - readMs < FRESH_MS,
    beat,
    start() {
      timer = setInterval(() => {
        beat().catch((error: unknown) => log.warn({ error }, 'this process could not be announced'))
      }, BEAT_MS)
      timer.unref()
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last.catch(() => {})
      await pool.query('delete from processes where id = $1', [id]).catch(() => {})
    },
  }
}
