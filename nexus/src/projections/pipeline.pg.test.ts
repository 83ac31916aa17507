import { createPool } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { pipelined } from './pipeline.ts'
import { MIGRATIONS } from './views/fixture.ts'

let db: TestDatabase
let pools: { pipelining: Pool; plain: Pool }

beforeAll(async () => {
  db = await createTestDatabase(MIGRATIONS)
  pools = {
    pipelining: createPool(db.url, { max: 1, pipeline: true }),
    plain: createPool(db.url, { max: 1 }),
  }
})
afterAll(async () => {
  for (const pool of Object.values(pools ?? {})) await pool.end()
  await db?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await db.pool.query('drop table if exists lines; create table lines (n int primary key)')
})

const lines = async () =>
  (await db.pool.query<{ n: number }>('select n from lines order by n')).rows.map(({ n }) => n)
const INSERT = 'insert into lines values ($1)'

it.each(['pipelining', 'plain'] as const)(
  'commits what nobody waited for, in the order in which it was given (%s)',
  async (kind) => {
    const value = await pipelined(pools[kind], async (tx) => {
      const pending = [tx.query(INSERT, [1]), tx.query('update lines set n = n + 10')]
      const { rows } = await tx.query<{ n: number }>('select n from lines')
      pending.push(tx.query(INSERT, [2]))
      return { value: rows[0]?.n, pending }
    })
    expect([value, await lines()]).toEqual([11, [2, 11]])
  },
)

it.each(['pipelining', 'plain'] as const)(
  'rolls back for any failure and says which statement it was (%s)',
  async (kind) => {
    const twice = pipelined(pools[kind], async (tx) => {
      const pending = [tx.query(INSERT, [1]), tx.query(INSERT, [1]), tx.query(INSERT, [2])]
      for (const writing of pending) writing.catch(() => {})
      await tx.query('select 1')
      return { value: null, pending }
    })
    await expect(twice).rejects.toMatchObject({ code: '23505' })
    // Refused before the database hears of it.
    const values: unknown = 'no list'
    const refused = pipelined(pools[kind], async (tx) => ({
      value: null,
      pending: [tx.query(INSERT, [3]), tx.query({ text: INSERT, values: values as [] })],
    }))
    await expect(refused).rejects.toThrow('values must be an array')
    expect(await lines()).toEqual([])
    await pipelined(pools[kind], async (tx) => ({ value: null, pending: [tx.query(INSERT, [4])] }))
    expect(await lines()).toEqual([4])
  },
)

it('sends nothing more after the end of the transaction', async () => {
  let late: Promise<unknown> | null = null
  await expect(
    pipelined(pools.pipelining, async (tx) => {
      late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => tx.query(INSERT, [5]))
      late.catch(() => {})
      throw new Error('given up')
    }),
  ).rejects.toThrow('given up')
  await expect(late).rejects.toThrow('given up')
  expect(await lines()).toEqual([])
})
