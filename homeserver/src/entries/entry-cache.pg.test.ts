import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StoragePath } from '@pubky/protocol'
import { createFileBlobStore, createListener, createLogger, createPool } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import type { Pool } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'
import { ALONE_CHANNEL, type Alone, createAlone } from './alone.ts'
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

interface TestProcess extends AsyncDisposable {
  pool: Pool
  writer: Writer
  reader: EntryReader
  alone: Alone
}

/** A writer and a reader with connections of their own, as another process has them. */
async function openProcess(
  o: { mayBeAlone?: boolean; hears?: boolean } = {},
): Promise<TestProcess> {
  const { mayBeAlone = false, hears = true } = o
  const pool = createPool(database.url, { max: 4 })
  const log = createLogger('test')
  const blobs = createFileBlobStore({ dir: server.dataDir })
  const alone = createAlone({ pool, log, mayClaim: () => mayBeAlone, restMs: 200 })
  const reader = createEntryReader(pool, alone)
  const onCommit: Parameters<typeof createWriter>[0]['onCommit'] = (writes) => {
    const done = reader.beforeWriting(writes)
    return (_, newest) => done(newest)
  }
  const writer = createWriter({ pool, blobs, log, alone, onCommit })
  const listener = createListener(database.url, hears ? [ALONE_CHANNEL] : [], (_, payload) =>
    alone.onNotice(payload),
  )
  await listener.ready
  const close = async () => {
    await listener[Symbol.asyncDispose]()
    await writer[Symbol.asyncDispose]()
    await pool.end()
  }
  return { pool, writer, reader, alone, [Symbol.asyncDispose]: close }
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

/** How many statements a pool gets while something is done: all, or those that read entries. */
async function lookUps(
  pool: Pool,
  work: () => Promise<unknown>,
  names: readonly string[] = ['entry', 'entries'],
): Promise<number> {
  const query = pool.query.bind(pool)
  let count = 0
  pool.query = ((...args: Parameters<typeof query>) => {
    const [statement] = args as unknown as [{ name?: string }]
    if (names.includes(statement.name ?? '')) count += 1
    return query(...args)
  }) as typeof pool.query
  await work().finally(() => {
    pool.query = query
  })
  return count
}

/** Reads a file until the process is alone. */
async function becomeAlone({ reader, alone }: TestProcess, path: StoragePath): Promise<void> {
  while (!alone.holds()) {
    await read(reader, path)
    await sleep(5)
  }
}

test('a file that was read is served from memory until something happens to it', async () => {
  await using process = await openProcess()
  const { pool, reader, writer } = process
  await write(writer, at('a'), 'one')
  await write(writer, at('b'), 'other')
  // A look learns how far the log has come, one after it keeps what it reads.
  await expect.poll(() => lookUps(pool, () => read(reader, at('a')))).toBe(0)
  await write(writer, at('b'), 'something else')
  expect(await lookUps(pool, () => read(reader, at('a')))).toBe(0)
  await write(writer, at('a'), 'two')
  expect(await lookUps(pool, () => read(reader, at('a')))).toBe(1)
  expect(await read(reader, at('a'))).toBe('two')
})

test.each([false, true])(
  'what another process writes and deletes is seen by the next read, alone: %s',
  async (mayBeAlone) => {
    await using here = await openProcess({ mayBeAlone })
    await using there = await openProcess({ mayBeAlone })
    for (let i = 0; i < 40; i += 1) {
      const text = i % 4 === 3 ? null : `version ${i}`
      await write(there.writer, at('a'), text)
      expect([await read(here.reader, at('a')), await read(there.reader, at('a'))]).toEqual([
        text,
        text,
      ])
      expect(await read(here.reader, at('a'))).toBe(text)
    }
  },
)

test.each([false, true])(
  'no read is older than what was acknowledged before it began, alone: %s',
  async (mayBeAlone) => {
    await using here = await openProcess({ mayBeAlone })
    await using there = await openProcess({ mayBeAlone })
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
  },
)

test('so many changes that nobody can look at each of them empty the memory', async () => {
  await using here = await openProcess()
  await using there = await openProcess()
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

test('a process that is alone serves from memory without a question, also after its own writes', async () => {
  await using process = await openProcess({ mayBeAlone: true })
  const { pool, reader, writer } = process
  await write(writer, at('a'), 'one')
  await write(writer, at('b'), 'one')
  await becomeAlone(process, at('a'))
  await read(reader, at('b'))
  const names = ['changes_since', 'newest_event', 'entry', 'entries']
  expect(await lookUps(pool, () => read(reader, at('a')), names)).toBe(0)
  await write(writer, at('a'), 'two')
  expect(await read(reader, at('a'))).toBe('two')
  expect(await read(reader, at('a'))).toBe('two')
  expect(await lookUps(pool, () => read(reader, at('b')), names)).toBe(0)
})

test('a process that is alone makes way at once for one that writes', async () => {
  await using here = await openProcess({ mayBeAlone: true })
  await using there = await openProcess()
  await write(here.writer, at('a'), 'one')
  await becomeAlone(here, at('a'))
  await write(there.writer, at('a'), 'two')
  expect(here.alone.holds()).toBe(false)
  expect(await read(here.reader, at('a'))).toBe('two')
})

test('a process that hears nothing is alone no longer than its term, and never while another commits', async () => {
  await using here = await openProcess({ mayBeAlone: true, hears: false })
  await using there = await openProcess()
  await write(here.writer, at('a'), 'one')
  await becomeAlone(here, at('a'))
  const reading = new AbortController()
  const seen: (string | null)[] = []
  const reads = (async () => {
    while (!reading.signal.aborted) {
      seen.push(await read(here.reader, at('a')))
      await sleep(1)
    }
  })()
  await write(there.writer, at('a'), 'two')
  const before = seen.length
  expect(here.alone.holds()).toBe(false)
  await sleep(50)
  reading.abort()
  await reads
  // It may be seen before its writer is told, and one read was on its way at that moment.
  const first = seen.indexOf('two')
  expect(first).toBeLessThanOrEqual(before + 1)
  expect(new Set(seen.slice(0, first))).toEqual(new Set(['one']))
  expect(new Set(seen.slice(first))).toEqual(new Set(['two']))
})

test('a commit that failed leaves nothing to be trusted', async () => {
  await using process = await openProcess({ mayBeAlone: true })
  await write(process.writer, at('a'), 'one')
  await becomeAlone(process, at('a'))
  process.reader.beforeWriting([{ userId: '1', path: at('a') }])(null)
  expect(process.alone.holds()).toBe(false)
  expect(await read(process.reader, at('a'))).toBe('one')
})
