import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobStoreContract } from '@pubky/testkit/blob-store-contract'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { type S3Server, startS3Server } from '@pubky/testkit/s3-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlobStoreAwayError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { type BlobStoreKind, type BlobStoreSettings, openBlobStore } from './choose.ts'
import { createLmdbBlobStore } from './lmdb.ts'
import { createMovingBlobStore, moveBlobs } from './move.ts'
import { createS3BlobStore } from './s3.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/homeserver/migrations')

let dir = ''
let database: TestDatabase
let s3: S3Server
let fresh = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-stores-'))
  database = await createTestDatabase(MIGRATIONS)
  s3 = await startS3Server()
})

afterAll(async () => {
  await s3?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** Settings of stores that nobody has used. */
function settings(): BlobStoreSettings {
  fresh += 1
  return { dataDir: join(dir, String(fresh)), pool: database.pool, s3: s3.freshBucket() }
}

async function open(kind: BlobStoreKind): Promise<BlobStore> {
  await database.pool.query('delete from blobs')
  return openBlobStore(kind, settings())
}

blobStoreContract('PostgreSQL', () => open('postgres'))
blobStoreContract('LMDB', () => open('lmdb'))
blobStoreContract('S3', () => open('s3'))
blobStoreContract('on the way from one to another', async () =>
  createMovingBlobStore({ to: await open('lmdb'), from: await open('files') }),
)

const bytes = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 251)

async function put(store: BlobStore, key: string, body: Uint8Array): Promise<void> {
  const writer = await store.begin(key)
  await writer.write(body)
  await writer.finish()
}

async function get(store: BlobStore, key: string): Promise<Uint8Array> {
  return new Uint8Array(await new Response(await store.read(key)).arrayBuffer())
}

async function keysOf(store: BlobStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list({ limit: 1000 })) keys.push(key)
  return keys
}

it('S3: a connection that breaks is used again once, a store that stays away is told', async () => {
  let breaks = 1
  const attempts = new Map<string, number>()
  const store = createS3BlobStore({
    ...s3.freshBucket(),
    spoolDir: join(dir, 'spool'),
    // As when the other side closes it: what was sent of the body is lost.
    fetch: async (input, init) => {
      const request = `${init?.method} ${new URL(String(input)).search}`
      const attempt = (attempts.get(request) ?? 0) + 1
      attempts.set(request, attempt)
      if (attempt > breaks) return fetch(input, init)
      if (init?.body instanceof ReadableStream) await init.body.getReader().read()
      throw new TypeError('fetch failed')
    },
  })
  const again = async <T>(work: () => Promise<T>) => {
    attempts.clear()
    return work()
  }
  const body = bytes(100_000, 1)
  await again(() => put(store, 'broken-01', body))
  expect(await again(() => get(store, 'broken-01'))).toEqual(body)
  expect(await again(() => store.stat('broken-01'))).toMatchObject({ size: body.length })
  expect(await again(() => keysOf(store))).toEqual(['broken-01'])
  await again(() => store.delete(['broken-01']))
  expect(await again(() => keysOf(store))).toEqual([])
  breaks = 2
  for (const work of [() => put(store, 'broken-02', body), () => store.delete(['broken-01'])])
    await expect(again(work)).rejects.toThrow(BlobStoreAwayError)
})

describe.each(['files', 'postgres', 'lmdb', 's3'] as const)('%s', (kind) => {
  it('shows nothing of uploads whose process was killed, and keeps what was finished', async () => {
    await database.pool.query('delete from blobs')
    const own = settings()
    const child = fork(join(import.meta.dirname, 'fixture.ts'), [], {
      execArgv: ['--import', import.meta.resolve('tsx')],
      env: {
        ...process.env,
        BLOB_FIXTURE: JSON.stringify({ kind, settings: { ...own, pool: null }, url: database.url }),
      },
    })
    const [named] = (await once(child, 'message')) as [string]
    child.kill('SIGKILL')
    await once(child, 'exit')
    await using store = await openBlobStore(kind, own)
    expect(await keysOf(store)).toEqual(['finished-1', named].sort())
    expect(await store.stat('half-00001')).toBeNull()
    expect((await get(store, 'finished-1')).length).toBe(3_000_000)
    expect((await get(store, named)).length).toBe(50_000)
  })

  it('finishes a read that was under way when its blob was deleted', async () => {
    await using store = await open(kind)
    const body = bytes(3_000_000, 5)
    await put(store, 'replaced-1', body)
    const reader = (await store.read('replaced-1')).getReader()
    const parts: Uint8Array[] = []
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (parts.length === 0) await store.delete(['replaced-1'])
      parts.push(next.value)
    }
    expect(Buffer.compare(Buffer.concat(parts), body)).toBe(0)
    expect(await store.stat('replaced-1')).toBeNull()
  })
})

it('LMDB: what uploads of a crashed process left goes after a day', async () => {
  const folder = join(dir, 'doomed')
  let now = Date.now()
  const first = createLmdbBlobStore({ dir: folder, nowMs: () => now })
  await (await first.begin('left-00001')).write(bytes(600_000, 1))
  await put(first, 'kept-00001', bytes(10, 1))
  await first[Symbol.asyncDispose]()
  const piecesAfter = async (hours: number) => {
    now += hours * 3_600_000
    await using store = createLmdbBlobStore({ dir: folder, nowMs: () => now })
    await put(store, `next-${hours}0000`, bytes(10, 1))
    return store.pieces()
  }
  expect(await piecesAfter(23)).toBe(4)
  expect(await piecesAfter(2)).toBe(3)
})

it('moves a store in use to another: every read finds its blob all the time', async () => {
  const [from, to] = [await open('files'), await openBlobStore('postgres', settings())]
  const live = createMovingBlobStore({ to, from })
  const names = Array.from({ length: 120 }, (_, i) => `moved-${String(i).padStart(6, '0')}`)
  for (const [i, key] of names.entries()) await put(from, key, bytes(20_000, i))
  const moving = new AbortController()
  const reads = (async () => {
    let count = 0
    for (; !moving.signal.aborted; count += 1) {
      const i = (count * 37) % names.length
      expect((await get(live, names[i] ?? '')).length).toBe(20_000)
    }
    return count
  })()
  await put(live, 'written-meanwhile', bytes(10, 1))
  const moved = await moveBlobs({ from, to })
  moving.abort()
  expect(await reads).toBeGreaterThan(10)
  expect(moved).toEqual({ blobs: 120, bytes: 120 * 20_000 })
  expect(await keysOf(from)).toEqual([])
  expect(await keysOf(to)).toEqual([...names, 'written-meanwhile'])
  expect(await get(to, names[33] ?? '')).toEqual(bytes(20_000, 33))
  expect(await moveBlobs({ from, to })).toEqual({ blobs: 0, bytes: 0 })
  await live[Symbol.asyncDispose]()
})

it('goes on moving where it was cut off', async () => {
  const [from, to] = [await open('files'), await open('lmdb')]
  const names = Array.from({ length: 10 }, (_, i) => `again-${i}0000`)
  for (const [i, key] of names.entries()) await put(from, key, bytes(1000, i))
  const stop = new AbortController()
  const cut = moveBlobs({
    from,
    to,
    keep: true,
    signal: stop.signal,
    onProgress: ({ blobs }) => blobs === 4 && stop.abort(),
  })
  await expect(cut).rejects.toThrow()
  expect(await keysOf(to)).toEqual(names.slice(0, 4))
  expect(await moveBlobs({ from, to, keep: true })).toEqual({ blobs: 6, bytes: 6000 })
  expect(await keysOf(from)).toEqual(names)
  await Promise.all([from[Symbol.asyncDispose](), to[Symbol.asyncDispose]()])
})
