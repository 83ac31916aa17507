import { randomBytes } from 'node:crypto'
import type { StoragePath } from '@pubky/protocol'
import { createFileBlobStore, createLogger, createPool } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import type { Pool } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'
import { createEntryReader, type EntryReader } from './read.ts'
import { createWriter, type Writer } from './writer.ts'

let database: TestDatabase
let server: TestServer

beforeEach(async () => {
  database = await createTestDatabase(MIGRATIONS)
  server = await startTestServer(database.url)
  await settle(server)
})

afterEach(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

/** A writer and a reader with connections of their own, as another process has them. */
function openProcess(): { pool: Pool; writer: Writer; reader: EntryReader } & AsyncDisposable {
  const pool = createPool(database.url, { max: 4 })
  const blobs = createFileBlobStore({ dir: server.dataDir })
  const writer = createWriter({ pool, blobs, log: createLogger('test') })
  const close = async () => {
    await writer[Symbol.asyncDispose]()
    await pool.end()
  }
  return { pool, writer, reader: createEntryReader(pool), [Symbol.asyncDispose]: close }
}

const at = (name: string) => `/pub/cached/${name}` as StoragePath

/** Null deletes. */
async function write(writer: Writer, path: StoragePath, text: string | null): Promise<void> {
  const common = { userId: '1', path, proof: null, createOnly: false, matches: null }
  const body = Buffer.from(text ?? '')
  await writer.commit(
    text === null
      ? { ...common, kind: 'DEL' }
      : {
          ...common,
          kind: 'PUT',
          hash: randomBytes(32),
          size: body.length,
          contentType: 'text/plain',
          inline: body,
          blobKey: null,
          policy: null,
        },
  )
}

async function read(reader: EntryReader, path: StoragePath): Promise<string | null> {
  const entry = await reader.entry('1', path)
  return entry?.inline?.toString() ?? null
}

/** How many statements that read entries a pool gets while something is done. */
async function lookUps(pool: Pool, work: () => Promise<unknown>): Promise<number> {
  const query = pool.query.bind(pool)
  let count = 0
  pool.query = ((...args: Parameters<typeof query>) => {
    const [statement] = args as unknown as [{ name?: string }]
    if (statement.name === 'entry' || statement.name === 'entries') count += 1
    return query(...args)
  }) as typeof pool.query
  await work().finally(() => {
    pool.query = query
  })
  return count
}

test('a file that was read is served from memory until something happens to it', async () => {
  await using process = openProcess()
  const { pool, reader, writer } = process
  await write(writer, at('a'), 'one')
  await write(writer, at('b'), 'other')
  // The first look learns how far the log has come, the second keeps what it reads.
  for (const _ of [1, 2, 3]) await read(reader, at('a'))
  expect(await lookUps(pool, () => read(reader, at('a')))).toBe(0)
  await write(writer, at('b'), 'something else')
  expect(await lookUps(pool, () => read(reader, at('a')))).toBe(0)
  await write(writer, at('a'), 'two')
  expect(await lookUps(pool, () => read(reader, at('a')))).toBe(1)
  expect(await read(reader, at('a'))).toBe('two')
})

test('what another process writes and deletes is seen by the next read', async () => {
  await using here = openProcess()
  await using there = openProcess()
  for (let i = 0; i < 40; i += 1) {
    const text = i % 4 === 3 ? null : `version ${i}`
    await write(there.writer, at('a'), text)
    expect([await read(here.reader, at('a')), await read(there.reader, at('a'))]).toEqual([
      text,
      text,
    ])
    expect(await read(here.reader, at('a'))).toBe(text)
  }
})

test('no read is older than what was acknowledged before it began, however much goes on', async () => {
  await using here = openProcess()
  await using there = openProcess()
  const acknowledged = [0, 0, 0, 0]
  let isWriting = true
  const writing = acknowledged.map(async (_, file) => {
    const { writer } = file % 2 === 0 ? here : there
    for (let version = 1; version <= 60; version += 1) {
      await write(writer, at(`f${file}`), String(version))
      acknowledged[file] = version
    }
  })
  const late: string[] = []
  let reads = 0
  const reading = [here, there, here, there].map(async ({ reader }, start) => {
    for (let i = start; isWriting; i += 1) {
      const file = i % acknowledged.length
      const least = acknowledged[file] ?? 0
      const seen = Number((await read(reader, at(`f${file}`))) ?? 0)
      if (seen < least) late.push(`${seen} after ${least}`)
      reads += 1
    }
  })
  await Promise.all(writing)
  isWriting = false
  await Promise.all(reading)
  expect(late).toEqual([])
  expect(reads).toBeGreaterThan(100)
})

test('so many changes that nobody can look at each of them empty the memory', async () => {
  await using here = openProcess()
  await using there = openProcess()
  await write(here.writer, at('a'), 'one')
  for (const _ of [1, 2, 3]) await read(here.reader, at('a'))
  await Promise.all(
    Array.from({ length: 1100 }, (_, i) => write(there.writer, at(`n${i}`), String(i))),
  )
  await write(there.writer, at('a'), 'two')
  expect(await read(here.reader, at('a'))).toBe('two')
  for (const _ of [1, 2, 3]) await read(here.reader, at('a'))
  expect(await lookUps(here.pool, () => read(here.reader, at('a')))).toBe(0)
})
