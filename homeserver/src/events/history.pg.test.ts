import { publicKeyBytes } from '@pubky/protocol'
import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { type Person, settle } from '../testing/people.ts'
import { userEvents } from './rows.ts'

const { database, server } = await oneServer()

async function idOf({ key }: Person): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select id from users where key = $1',
    [Buffer.from(publicKeyBytes(key))],
  )
  return rows[0]?.id ?? ''
}

const INSERT = `insert into events (user_id, kind, path)
  select $1, 1, case when n = any ($3::int[]) then '/pub/wanted/' else '/pub/other/' end || n
  from generate_series(1, $2::int) n`

async function told(query: string): Promise<string[]> {
  const { text } = await server.call('GET', `/events-stream?path=/pub/wanted/&${query}`)
  return [...text.matchAll(/pubky:\/\/(.{52})\/pub\/wanted\/(\d+)$/gm)].map(
    ([, key, n]) => `${key} ${n}`,
  )
}

test('a question that matches nothing looks at a part of the history only, and says where it is', async () => {
  const { who } = await settle(server)
  const userId = await idOf(who)
  const client = await database.pool.connect()
  try {
    // Taken back in the end: nobody else sees them.
    await client.query('begin')
    await client.query('delete from alone')
    await client.query(INSERT, [userId, 60_000, []])
    const { rows } = await client.query<{ id: string }>(
      'select id::text from events where user_id = $1 order by events.id',
      [userId],
    )
    const read = async () => {
      const { rows } = await client.query(
        `select seq_tup_read::int + idx_tup_fetch::int as read from pg_stat_xact_user_tables where relname = 'events'`,
      )
      return rows[0].read
    }
    for (const reverse of [false, true]) {
      const before = await read()
      const users = [{ userId, key: who.key, after: null }]
      const o = { filters: ['/pub/wanted/'], limit: 100, reverse }
      const slice = await userEvents(client as unknown as Pool, users, o)
      expect(await read()).toBeLessThan(before + 25_000)
      const end = BigInt((reverse ? rows.toReversed() : rows)[9999]?.id ?? 0)
      expect(slice).toEqual({ events: [], examined: end })
    }
  } finally {
    await client.query('rollback')
    client.release()
  }
})

test('what is wanted of a long history comes whole and in order, however far apart it lies', async () => {
  const [ann, bob, eve] = [await settle(server), await settle(server), await settle(server)]
  const parts: [Person, number, number[]][] = [
    [ann.who, 7000, [1, 3333, 3334, 3335, 6667, 7000]],
    [bob.who, 7500, [2, 3334, 7500]],
    [ann.who, 4000, [3999]],
    [eve.who, 10, [5]],
    [bob.who, 100, [50]],
  ]
  const expected: string[] = []
  for (const [who, count, wanted] of parts) {
    await database.pool.query(INSERT, [await idOf(who), count, wanted])
    expected.push(...wanted.map((n) => `${who.key} ${n}`))
  }
  const users = [ann, bob, eve].map(({ who }) => `user=${who.key}`).join('&')
  expect(await told(users)).toEqual(expected)
  expect(await told(`${users}&reverse=true`)).toEqual(expected.toReversed())
  expect(await told(`${users}&limit=7`)).toEqual(expected.slice(0, 7))
  const ofAnn = expected.filter((one) => one.startsWith(ann.who.key))
  expect(await told(`user=${ann.who.key}`)).toEqual(ofAnn)
  expect(await told(`user=${ann.who.key}&reverse=true&limit=2`)).toEqual(
    ofAnn.slice(-2).toReversed(),
  )
})
