import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StoragePath } from '@pubky/protocol'
import { createFileBlobStore, createLogger, createPool } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEvents } from '../testing/http.ts'
import { settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'
import { createAlone } from './alone.ts'
import { collectOrphans } from './collector.ts'
import { ancestorsOf, type Put } from './commit.ts'
import { createWriter } from './writer.ts'

let database: TestDatabase
let server: TestServer

beforeEach(async () => {
  database = await createTestDatabase(MIGRATIONS)
  server = await startTestServer(database.url)
})

afterEach(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

const log = createLogger('test')

async function blobNames(): Promise<string[]> {
  const entries = await readdir(join(server.dataDir, 'blobs'), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

async function count(table: string): Promise<number> {
  const { rows } = await database.pool.query(`select count(*)::int as n from ${table}`)
  return rows[0].n
}

/** A writer loop beside the server's own. */
function openWriter(coming?: () => number, { pool } = database) {
  const blobs = createFileBlobStore({ dir: server.dataDir })
  const alone = createAlone({ pool, log, mayClaim: () => false })
  return createWriter({ pool, blobs, log, alone, ...(coming && { coming }) })
}

function putOf(path: string, change: Partial<Put> = {}): Put {
  return {
    kind: 'PUT',
    userId: '1',
    path: path as StoragePath,
    proof: null,
    createOnly: false,
    matches: null,
    hash: randomBytes(32),
    size: 1,
    contentType: 'text/plain',
    inline: Buffer.from('x'),
    blobKey: null,
    policy: null,
    ...change,
  }
}

test('the folders of a path, without the roots', () => {
  expect(ancestorsOf('/pub/a/b/c')).toEqual(['/pub/a', '/pub/a/b'])
  expect(ancestorsOf('/pub/a')).toEqual([])
})

describe('a batch', () => {
  // covers 11.2.9a
  test('with one write that the database refuses commits the others', async () => {
    await settle(server)
    await using writer = openWriter()
    // Text in the database holds no NUL.
    const results = await Promise.allSettled(
      [0, 1, 2, 3, 4].map((i) =>
        writer.commit(putOf(`/pub/${i}`, i === 2 ? { contentType: 'a\0b' } : {})),
      ),
    )
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect([await count('events'), await count('entries')]).toEqual([4, 4])
    await writer[Symbol.asyncDispose]()
    await expect(writer.commit(putOf('/pub/x'))).rejects.toMatchObject({ code: 'overloaded' })
  })

  test('never holds two writes of a path: each is judged after the one before', async () => {
    await settle(server)
    await using writer = openWriter()
    const results = await Promise.all(
      [...Array(20).keys()].map(() => writer.commit(putOf('/pub/same', { createOnly: true }))),
    )
    expect(results.map(({ result }) => result)).toEqual(['applied', ...Array(19).fill('exists')])
  })

  test('waits until half of the writes that are about to come are there, but not for ever', async () => {
    await settle(server)
    await using writer = openWriter(() => 2)
    const first = writer.commit(putOf('/pub/first'))
    await new Promise(setImmediate)
    const second = writer.commit(putOf('/pub/second'))
    await Promise.all([first, second])
    const { rows } = await database.pool.query('select distinct created_at from events')
    expect(rows).toHaveLength(1)
    expect(await writer.commit(putOf('/pub/third'))).toMatchObject({ result: 'applied' })
  })

  test('takes another connection when its own broke while nobody wrote', async () => {
    const ann = await settle(server)
    await ann.put('/pub/x', 'x')
    const writers = `from pg_stat_activity where application_name = 'homeserver writer'`
    await database.pool.query(`select pg_terminate_backend(pid) ${writers}`)
    await expect.poll(async () => (await database.pool.query(`select ${writers}`)).rowCount).toBe(0)
    await sleep(100)
    expect((await ann.put('/pub/y', 'y')).status).toBe(201)
  })

  test('leaves its connection to the pool in the end, which may break then', async () => {
    await settle(server)
    const pool = createPool(database.url, { max: 1, name: 'left behind' })
    await using writer = openWriter(undefined, { ...database, pool })
    await writer.commit(putOf('/pub/x'))
    await writer[Symbol.asyncDispose]()
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'left behind'`,
    )
    await sleep(100)
    expect((await pool.query('select')).rowCount).toBe(1)
    await pool.end()
  })

  test('answers those who fit before it tries the others alone', async () => {
    await settle(server)
    await settle(server)
    await database.pool.query('update users set storage_quota_mb = 0 where id = 2')
    await using writer = openWriter()
    const answered: string[] = []
    const commit = async (name: string, userId: string) => {
      const { result } = await writer.commit(putOf(`/pub/${name}`, { userId }))
      answered.push(`${name} ${result}`)
    }
    const full = [1, 2, 3].map((i) => commit(`full ${i}`, '2'))
    await Promise.all([...full, commit('other', '1')])
    expect(answered).toEqual(['other applied', ...[1, 2, 3].map((i) => `full ${i} over_quota`)])
  })

  test('beyond what may wait is refused, and everything else is done', async () => {
    await settle(server)
    await using writer = openWriter()
    const results = await Promise.allSettled(
      [...Array(4200).keys()].map((i) => writer.commit(putOf(`/pub/${i}`))),
    )
    const done = results.filter(({ status }) => status === 'fulfilled').length
    expect(done).toBe(4096)
    expect(await count('events')).toBe(4096)
  })

  test('whose connection breaks is answered 503 with an unknown outcome', async () => {
    const ann = await settle(server)
    const blocker = new pg.Client(database.url)
    await blocker.connect()
    await blocker.query("begin; select pg_advisory_xact_lock(x'6576656e74730000'::bigint)")
    const writing = ann.put('/pub/x', 'x')
    const waiting = `from pg_stat_activity where application_name = 'homeserver writer'
      and wait_event = 'advisory' and datname = current_database()`
    await expect
      .poll(async () => (await database.pool.query(`select ${waiting}`)).rowCount, { interval: 20 })
      .toBe(1)
    // Not sent yet, so that its outcome is known.
    const next = ann.put('/pub/next', 'x')
    await sleep(50)
    await database.pool.query(`select pg_terminate_backend(pid) ${waiting}`)
    const answer = await writing
    expect([answer.status, answer.headers['pubky-error'], answer.headers['retry-after']]).toEqual([
      503,
      'outcome_unknown',
      '1',
    ])
    await blocker.end()
    expect((await next).status).toBe(201)
    expect((await ann.put('/pub/x', 'y')).status).toBe(201)
    expect(await count('events')).toBe(2)
  })
})

describe('blobs', () => {
  test('replaced, deleted and refused ones go', async () => {
    const ann = await settle(server)
    await ann.put('/pub/a', randomBytes(20_000))
    await ann.put('/pub/a', randomBytes(20_000))
    await ann.put('/pub/a/below', randomBytes(20_000))
    await ann.put('/pub/b', randomBytes(20_000))
    await ann.del('/pub/b')
    await ann.put('/pub/c', randomBytes(20_000), { 'pubky-signature': 'nonsense' })
    await using blobs = createFileBlobStore({ dir: join(server.dataDir, 'blobs') })
    const stored = async () => {
      let count = 0
      for await (const _ of blobs.list({ limit: 10 })) count += 1
      return count
    }
    await expect.poll(stored, { interval: 20 }).toBe(1)
    await expect.poll(() => count('orphan_candidates'), { interval: 20 }).toBe(0)
  })

  test('an upload that is cut off leaves neither entry nor blob', async () => {
    const ann = await settle(server)
    const { hostname, port } = new URL(server.running.urls.http)
    const { connect } = await import('node:net')
    const socket = connect(Number(port), hostname)
    socket.write(
      `PUT /storage/${ann.who.key}/pub/cut HTTP/1.1\r\nhost: x\r\nauthorization: ${ann.auth.authorization}\r\ncontent-length: 900000\r\n\r\n`,
    )
    socket.write(Buffer.alloc(300_000))
    await expect.poll(async () => (await blobNames()).length, { interval: 20 }).toBe(1)
    socket.destroy()
    await expect.poll(async () => (await blobNames()).length, { interval: 20 }).toBe(0)
    expect((await ann.get('/pub/cut')).status).toBe(404)
    expect(await count('events')).toBe(0)
  })

  test('that a crash left before its commit are nobody’s file, and are collected', async () => {
    const blobs = createFileBlobStore({ dir: join(server.dataDir, 'blobs') })
    const ann = await settle(server)
    await ann.put('/pub/kept', randomBytes(20_000))
    const writer = await blobs.begin('left-behind-by-a-crash')
    await writer.write(randomBytes(20_000))
    await writer.finish()
    expect((await ann.get('/pub/')).text.split('\n')).toHaveLength(1)
    const collect = (later: number) =>
      collectOrphans({ pool: database.pool, blobs, log, nowMs: () => Date.now() + later })
    // It may still be about to be named.
    expect(await collect(0)).toBe(0)
    expect(await collect(25 * 3_600_000)).toBe(1)
    expect(await blobNames()).toHaveLength(1)
    expect((await ann.get('/pub/kept')).status).toBe(200)
  })
})

test('a restarted server has everything that it acknowledged', async () => {
  const ann = await settle(server)
  const acknowledged: string[] = []
  const writing = Promise.all(
    Array.from({ length: 16 }, async (_, i) => {
      for (let n = 0; n < 50; n += 1) {
        const answer = await ann.put(`/pub/${i}/${n}`, 'x').catch(() => null)
        if (answer?.status !== 201) return
        acknowledged.push(`/pub/${i}/${n}`)
      }
    }),
  )
  await expect.poll(() => acknowledged.length, { interval: 1 }).toBeGreaterThan(40)
  await server.running.close()
  await writing
  await using again = await startTestServer(database.url)
  const { rows } = await database.pool.query<{ path: string }>('select path from entries')
  const stored = new Set(rows.map(({ path }) => path))
  expect(acknowledged.filter((path) => !stored.has(path))).toEqual([])
  expect(await count('events')).toBe(stored.size)
  expect((await again.call('GET', `/storage/${ann.who.key}${acknowledged[0]}`)).status).toBe(200)
})

test('a lost database is 503 with a code, and the server recovers by itself', async () => {
  const ann = await settle(server)
  await ann.put('/pub/x', 'x')
  using live = await openEvents(server.running.urls.http, '/events/?cursor=0', {
    accept: 'text/event-stream',
  })
  await live.frames(1)
  const admin = createPool(database.url.replace(/\/[^/]*$/, '/postgres'), { max: 1 })
  const name = new URL(database.url).pathname.slice(1)
  await admin.query(`alter database ${name} allow_connections false`)
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
    name,
  ])
  // The first meets connections that were cut, the later ones are refused a new one.
  for (let i = 0; i < 5; i += 1) {
    const answer = await ann.get('/pub/x')
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
  }
  await admin.query(`alter database ${name} allow_connections true`)
  await admin.end()
  await expect.poll(async () => (await ann.get('/pub/x')).status, { interval: 50 }).toBe(200)
  await expect.poll(async () => (await ann.put('/pub/x', 'y')).status).toBe(201)
  expect((await live.frames(2))[1]).toContain('/pub/x')
})
