import {
  FREEZE_SECONDS,
  type MoveStatement,
  type PublicKeyZ32,
  publicKeyBytes,
  publicKeyFromBytes,
} from '@pubky/protocol'
import { withTransaction } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { movingRefusals } from './refusals.ts'

/** How an account stands, for its owner and for whoever wants to write to it. */
export interface MoveState {
  state: 'here' | 'moving' | 'moved'
  /** Seconds until a frozen account thaws. */
  thawsInSeconds: number | null
  to: PublicKeyZ32 | null
}

const STATES = { thaw: 0, freeze: 1, moved: 2 } as const

interface Row {
  state: number
  thaws_in: number | null
  target: Buffer | null
}

const CURRENT = {
  name: 'move_state',
  text: `select state, target, extract(epoch from frozen_until - clock_timestamp())::float8 as thaws_in
    from moves where user_id = $1`,
}

export async function moveState(pool: Pool, userId: string): Promise<MoveState> {
  const { rows } = await pool.query<Row>({ ...CURRENT, values: [userId] })
  const [row] = rows
  const to = row?.target ? publicKeyFromBytes(row.target) : null
  if (row?.state === STATES.moved) return { state: 'moved', thawsInSeconds: null, to }
  const thawsIn = row?.state === STATES.freeze ? (row.thaws_in ?? 0) : 0
  if (thawsIn <= 0) return { state: 'here', thawsInSeconds: null, to: null }
  return { state: 'moving', thawsInSeconds: Math.ceil(thawsIn), to }
}

/**
 * Takes a statement of the owner. It holds for every write that commits later, because it takes the
 * writers' lock. Returns the id of the account's last event, which a copy has to reach.
 * Rejects with `statement_not_newer`; the same statement again is taken as a renewal.
 */
export async function takeStatement(
  pool: Pool,
  userId: string,
  { action, timestamp, target }: MoveStatement,
): Promise<{ cursor: string }> {
  return withTransaction(pool, async (client) => {
    await client.query(`select pg_advisory_xact_lock(x'6576656e74730000'::bigint)`)
    const { rows } = await client.query<{ ts_micros: string }>(
      'select ts_micros from moves where user_id = $1',
      [userId],
    )
    const highest = BigInt(rows[0]?.ts_micros ?? -1)
    if (timestamp < highest) throw movingRefusals.notNewer(highest)
    await client.query(
      `insert into moves (user_id, state, ts_micros, frozen_until, target)
       values ($1, $2::smallint, $3, case when $2::smallint = 1 then clock_timestamp() + $4::int * interval '1 second' end, $5)
       on conflict (user_id) do update set state = excluded.state, ts_micros = excluded.ts_micros,
         frozen_until = excluded.frozen_until, target = excluded.target`,
      [
        userId,
        STATES[action],
        String(timestamp),
        FREEZE_SECONDS,
        target && Buffer.from(publicKeyBytes(target)),
      ],
    )
    const last = await client.query<{ id: string }>(
      'select coalesce(max(id), 0)::text as id from events where user_id = $1',
      [userId],
    )
    return { cursor: last.rows[0]?.id ?? '0' }
  })
}
