import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventId, keypairFromSeed, type StoragePath } from '@pubky/protocol'
import { createFileBlobStore } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { NewObjectEntry } from './entries.ts'
import type { Journal } from './journal.ts'
import { createPgJournal } from './pg-journal.ts'
import type { Projection } from './projection.ts'
import { runProjection } from './run-projection.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/nexus/migrations')
const pair = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n))
const HOST = pair(100).publicKey

let database: TestDatabase
let dir: string
let journal: Journal & AsyncDisposable
let last = 0

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  dir = await mkdtemp(join(tmpdir(), 'projection-'))
  journal = createPgJournal({ ...database, blobs: createFileBlobStore({ dir }) })
})
afterAll(async () => {
  await journal?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

async function append(): Promise<void> {
  last += 1
  const eventId = String(last) as EventId
  const entry: NewObjectEntry = {
    kind: 'DEL',
    owner: pair(1).publicKey,
    host: HOST,
    eventId,
    path: `/pub/${last}` as StoragePath,
    receivedAtMs: last,
    hash: null,
    body: null,
    proof: null,
    status: 'ok',
    reason: null,
    format: 1,
  }
  await journal.append(HOST, [entry], { owner: null, eventId })
}

/** A projection that only remembers what it was given. */
function remembering(o: { failures?: number } = {}) {
  const batches: bigint[][] = []
  let position = BigInt(last)
  let failures = o.failures ?? 0
  const projection: Projection = {
    name: 'remembering',
    version: 1,
    position: async () => position,
    async apply(entries) {
      if (failures-- > 0) throw new Error('not now')
      batches.push(entries.map((entry) => entry.position))
      position = entries.at(-1)?.position ?? position
    },
    reset: async () => {},
    stateDigest: async () => '',
    noticeDigest: async () => '',
  }
  return { projection, batches, seen: () => batches.flat() }
}

const quiet = { info: () => {}, warn: () => {} }

async function running(
  projection: Projection,
  gatherMs: number,
  during: () => Promise<unknown>,
  togetherMs = 0,
): Promise<void> {
  const stop = new AbortController()
  const o = { signal: stop.signal, log: quiet, gatherMs, togetherMs }
  const run = runProjection(journal, projection, o)
  await sleep(100)
  await during()
  stop.abort()
  await run
}

test('applies each entry once, in order, as it comes', async () => {
  const { projection, seen } = remembering()
  const from = last
  await running(projection, 0, async () => {
    for (let n = 0; n < 5; n += 1) await append()
    await vi.waitFor(() => expect(seen()).toHaveLength(5), 5_000)
    await sleep(100)
  })
  expect(seen()).toEqual([1, 2, 3, 4, 5].map((n) => BigInt(from + n)))
})

test('takes together what comes within its time', async () => {
  const { projection, batches } = remembering()
  await running(projection, 700, async () => {
    for (let n = 0; n < 3; n += 1) await append()
    await vi.waitFor(() => expect(batches.flat()).toHaveLength(3), 5_000)
  })
  expect(batches).toHaveLength(1)
})

test('takes what is alone by itself, and together what follows at once', async () => {
  const { projection, batches } = remembering()
  const many = 4
  await running(
    projection,
    0,
    async () => {
      await sleep(800)
      await append()
      await vi.waitFor(() => expect(batches).toHaveLength(1), { timeout: 5_000, interval: 5 })
      for (let n = 0; n < many; n += 1) await append()
      await vi.waitFor(() => expect(batches.flat()).toHaveLength(1 + many), 5_000)
    },
    700,
  )
  expect(batches.map(({ length }) => length)).toEqual([1, many])
})

test('goes on where it was after a failure', async () => {
  const { projection, seen } = remembering({ failures: 1 })
  const from = last
  await running(projection, 0, async () => {
    await append()
    await append()
    await vi.waitFor(() => expect(seen()).toHaveLength(2), 5_000)
  })
  expect(seen()).toEqual([BigInt(from + 1), BigInt(from + 2)])
})
