import { RELAXED, withTransaction } from '@pubky/server-kit'
import type { Pool, PoolClient } from 'pg'

export interface PositionOptions {
  /** Of the projection. */
  name: string
  /** When the number changes, the tables are emptied and built again. */
  version: number
  /** Empties the tables. */
  clear: (client: PoolClient) => Promise<unknown>
}

/** The row that says how far a projection has read the journal. */
export function createPosition(pool: Pool, { name, version, clear }: PositionOptions) {
  async function read(): Promise<bigint> {
    const { rows } = await pool.query<{ position: string }>(
      'select position from projection_positions where name = $1 and version = $2',
      [name, version],
    )
    return BigInt(rows[0]?.position ?? 0)
  }

  /** Runs `work` and moves on in one transaction; does nothing when already there. */
  async function advance(
    position: bigint,
    work: (client: PoolClient) => Promise<unknown>,
  ): Promise<void> {
    const apply = async (client: PoolClient) => {
      if ((await lock(client)) >= position) return
      await work(client)
      await set(client, position)
    }
    await withTransaction(pool, apply, RELAXED)
  }

  async function reset(): Promise<void> {
    await withTransaction(pool, async (client) => {
      await lock(client)
      await clear(client)
      await set(client, 0n)
    })
  }

  async function set(client: PoolClient, position: bigint): Promise<void> {
    await client.query(
      'update projection_positions set position = $3 where name = $1 and version = $2',
      [name, version, position],
    )
  }

  async function lock(client: PoolClient): Promise<bigint> {
    await client.query(
      `insert into projection_positions (name, version, position) values ($1, $2, 0)
       on conflict do nothing`,
      [name, version],
    )
    const { rows } = await client.query<{ position: string }>(
      'select position from projection_positions where name = $1 and version = $2 for update',
      [name, version],
    )
    const { rowCount: others } = await client.query(
      'delete from projection_positions where name = $1 and version <> $2',
      [name, version],
    )
    if (others) await clear(client)
    return BigInt(rows[0]?.position ?? 0)
  }

  return { read, advance, reset }
}
