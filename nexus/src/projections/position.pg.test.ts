import { join } from 'node:path'
import { createTestDatabase } from '@pubky/testkit/pg'
import { expect, test } from 'vitest'
import { createPosition } from './position.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/nexus/migrations')

test('effect and position go together, and a new version begins with empty tables', async () => {
  await using database = await createTestDatabase(MIGRATIONS)
  const { pool } = database
  const open = (version: number) =>
    createPosition(pool, {
      name: 'test',
      version,
      clear: (client) => client.query('truncate graph_users'),
    })
  const add = (id: string) => (client: { query: typeof pool.query }) =>
    client.query('insert into graph_users (id) values ($1)', [id])
  const ids = async () =>
    (await pool.query('select id from graph_users order by id')).rows.map((row) => row.id)

  const first = open(1)
  await first.advance(3n, add('a'))
  await first.advance(3n, add('b'))
  await expect(
    first.advance(4n, async (client) => {
      await add('c')(client)
      throw new RangeError('no')
    }),
  ).rejects.toThrow('no')
  expect([await first.read(), await ids()]).toEqual([3n, ['a']])

  const second = open(2)
  expect(await second.read()).toBe(0n)
  await second.advance(1n, add('d'))
  expect([await second.read(), await ids()]).toEqual([1n, ['d']])
  await second.reset()
  expect([await second.read(), await ids()]).toEqual([0n, []])
})
