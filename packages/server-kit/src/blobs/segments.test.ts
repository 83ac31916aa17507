import { randomBytes } from 'node:crypto'
import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  rm,
  stat,
  truncate,
  utimes,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc } from '@pubky/testkit/properties'
import { afterAll, expect, it, vi } from 'vitest'
import { BlobMissingError, BlobStoreAwayError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { createFileBlobStore } from './files.ts'
import { createLmdbBlobStore } from './lmdb.ts'
import { moveBlobs } from './move.ts'
import {
  BLOCK_BYTES,
  DELETED_SUFFIX,
  MAX_IN_TABLE,
  parseSegmentKey,
  SEGMENT_NAME_LENGTH,
  SEGMENT_SUFFIX,
  segmentKey,
} from './segment-format.ts'

const DAY_MS = 24 * 3_600_000
const EMPTY = Buffer.alloc(0)

const dirs: string[] = []
async function fresh(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-segments-'))
  dirs.push(dir)
  return join(dir, 'blobs')
}
afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))))

async function put(store: BlobStore, body: Uint8Array): Promise<string> {
  const writer = await store.begin(null)
  await writer.write(body)
  return (await writer.finish()).key
}

async function get(store: BlobStore, key: string): Promise<Buffer> {
  return Buffer.from(await new Response(await store.read(key)).arrayBuffer())
}

async function keysOf(store: BlobStore, after = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list({ after, limit: 10_000 })) keys.push(key)
  return keys
}

async function segmentsIn(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true })
  return names.filter((name) => name.endsWith(SEGMENT_SUFFIX)).map((name) => join(dir, name))
}

const segmentFile = (key: string) => key.slice(0, SEGMENT_NAME_LENGTH) + SEGMENT_SUFFIX
const fileOf = (dir: string, key: string) => join(dir, key.slice(0, 2), segmentFile(key))
const marksOf = (dir: string, key: string) =>
  fileOf(dir, key).replace(SEGMENT_SUFFIX, DELETED_SUFFIX)

it('what is stored at once lies in one file, under keys that say where', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  const bodies = Array.from({ length: 2 * MAX_IN_TABLE }, (_, n) => randomBytes(n * 500))
  const keys = await Promise.all(bodies.map((body) => put(store, body)))
  expect(await segmentsIn(dir)).toEqual([fileOf(dir, keys[0] ?? '')])
  for (const [n, key] of keys.entries())
    expect((await get(store, key)).equals(bodies[n] ?? EMPTY)).toBe(true)
  expect(await keysOf(store)).toEqual([...keys].sort())
  expect(await keysOf(store, keys[40])).toEqual(keys.filter((key) => key > (keys[40] ?? '')).sort())
})

it('what does not fit one write gets a file of its own', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  const body = randomBytes(300_000)
  const key = await put(store, body)
  expect(parseSegmentKey(key)).toBeNull()
  expect((await get(store, key)).equals(body)).toBe(true)
})

it('a segment that is full is followed by another', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  const body = randomBytes(250_000)
  const keys: string[] = []
  for (let n = 0; n < 70; n += 1) keys.push(await put(store, body))
  expect(new Set(keys.map(segmentFile)).size).toBe(2)
  for (const path of await segmentsIn(dir))
    expect((await stat(path)).size).toBeLessThanOrEqual(16 * 1024 * 1024)
  expect(await keysOf(store)).toEqual([...keys].sort())
})

it('stores and their order are one, whoever of several processes wrote', async () => {
  const dir = await fresh()
  await using one = createFileBlobStore({ dir })
  await using other = createFileBlobStore({ dir })
  const [mine, theirs] = [
    await put(one, Buffer.from('mine')),
    await put(other, Buffer.from('theirs')),
  ]
  expect(segmentFile(mine)).not.toBe(segmentFile(theirs))
  expect((await get(one, theirs)).toString()).toBe('theirs')
  await other.delete([mine])
  await expect(one.read(mine)).rejects.toThrow(BlobMissingError)
  expect(await keysOf(one)).toEqual([theirs])
})

it('gives room back a day after the last write, and reads that are under way go on', async () => {
  const dir = await fresh()
  let now = Date.now()
  const body = randomBytes(200_000)
  const keys: string[] = []
  {
    await using store = createFileBlobStore({ dir })
    for (let n = 0; n < 10; n += 1) keys.push(await put(store, body))
  }
  await using store = createFileBlobStore({ dir, nowMs: () => now })
  const path = fileOf(dir, keys[0] ?? '')
  const room = async () => (await stat(path)).blocks * 512
  const before = await room()
  const reader = (await store.read(keys[3] ?? '')).getReader()
  const first = await reader.read()
  await store.delete(keys.slice(2, 9))
  expect(await store.reclaim?.()).toBe(0)
  now += DAY_MS + 60_000
  expect(await store.reclaim?.()).toBe(7 * body.length)
  expect(await store.reclaim?.()).toBe(0)
  expect(await room()).toBeLessThan(before / 2)
  expect(await keysOf(store)).toEqual([keys[0], keys[1], keys[9]])
  for (const key of [keys[0], keys[1], keys[9]])
    expect((await get(store, key ?? '')).equals(body)).toBe(true)
  await expect(store.read(keys[3] ?? '')).rejects.toThrow(BlobMissingError)
  const parts = [first.value ?? Buffer.alloc(0)]
  for (let next = await reader.read(); !next.done; next = await reader.read())
    parts.push(next.value)
  expect(Buffer.concat(parts).equals(body)).toBe(true)
  await store.delete(keys)
  await store.reclaim?.()
  expect(await segmentsIn(dir)).toEqual([])
})

it('erases a single deleted blob after a week, and leaves a segment alone that is in use', async () => {
  const dir = await fresh()
  let now = Date.now()
  const open = () => createFileBlobStore({ dir, nowMs: () => now })
  const kept: string[] = []
  let gone = ''
  {
    await using store = open()
    for (let n = 0; n < 5; n += 1) kept.push(await put(store, randomBytes(50_000)))
    gone = await put(store, Buffer.from('what nobody should find again'.repeat(1000)))
    await store.delete([gone])
    now += 8 * DAY_MS
    expect(await store.reclaim?.()).toBe(0)
    now -= 8 * DAY_MS
  }
  await using store = open()
  now += 2 * DAY_MS
  expect(await store.reclaim?.()).toBe(0)
  now += 6 * DAY_MS
  expect(await store.reclaim?.()).toBe(29_000)
  expect(await keysOf(store)).toEqual([...kept].sort())
})

it('erases what was deleted within days, also when something else is deleted each day', async () => {
  const dir = await fresh()
  let now = Date.now()
  const open = () => createFileBlobStore({ dir, nowMs: () => now })
  const keys: string[] = []
  {
    await using store = open()
    for (let n = 0; n < 30; n += 1) keys.push(await put(store, randomBytes(20_000)))
  }
  await using store = open()
  let reclaimed = 0
  for (const key of keys.slice(0, 9)) {
    await store.delete([key])
    now += DAY_MS
    await utimes(marksOf(dir, key), now / 1000, now / 1000)
    reclaimed += (await store.reclaim?.()) ?? 0
  }
  expect(reclaimed).toBeGreaterThanOrEqual(7 * 20_000)
  expect(await keysOf(store)).toEqual(keys.slice(9))
})

it('keeps an empty blob when all others of its segment are deleted', async () => {
  const dir = await fresh()
  const now = Date.now() + 30 * DAY_MS
  const store = createFileBlobStore({ dir })
  const [empty, other] = [await put(store, EMPTY), await put(store, Buffer.from('other'))]
  await store[Symbol.asyncDispose]()
  await using later = createFileBlobStore({ dir, nowMs: () => now })
  await later.delete([other])
  expect(await later.reclaim?.()).toBe(5)
  expect(await keysOf(later)).toEqual([empty])
})

it('a damaged table hides no blobs but its own, and shows the bytes of no other', async () => {
  const dir = await fresh()
  let now = Date.now()
  const bodies = Array.from({ length: 4 }, () => randomBytes(20_000))
  const keys: string[] = []
  {
    await using store = createFileBlobStore({ dir })
    for (const body of bodies) keys.push(await put(store, body))
  }
  const [first = '', damaged = '', ...rest] = keys
  const file = await open(fileOf(dir, damaged), 'r+')
  const table = parseSegmentKey(damaged)?.table ?? 0
  // Its blob seems to lie where that of the next table does.
  const block = Buffer.alloc(4)
  block.writeUInt32LE(table + 7)
  await file.write(block, 0, 4, table * BLOCK_BYTES + 64)
  await file.close()
  await using store = createFileBlobStore({ dir, nowMs: () => now })
  await expect(store.read(damaged)).rejects.toThrow(BlobMissingError)
  expect(await keysOf(store)).toEqual([first, ...rest])
  await store.delete([first])
  now += 30 * DAY_MS
  expect(await store.reclaim?.()).toBe(20_000)
  for (const [n, key] of rest.entries())
    expect((await get(store, key)).equals(bodies[n + 2] ?? EMPTY)).toBe(true)
})

it('gives room back where nothing was stored since the start, and besides a segment that is broken', async () => {
  const dir = await fresh()
  const now = Date.now() + 30 * DAY_MS
  const body = randomBytes(20_000)
  const stored: string[][] = []
  for (let n = 0; n < 3; n += 1) {
    await using store = createFileBlobStore({ dir })
    stored.push([await put(store, body), await put(store, body)])
  }
  // As after a restore.
  await rm(join(dir, 'tmp'), { recursive: true })
  await using store = createFileBlobStore({ dir, nowMs: () => now })
  await store.delete(stored.map(([key = '']) => key))
  stored.sort()
  await truncate(fileOf(dir, stored[0]?.[1] ?? ''), 9 * BLOCK_BYTES)
  await expect(store.reclaim?.()).rejects.toThrow('a segment ends before its blobs')
  const room = async ([key = '']: string[]) => (await stat(fileOf(dir, key))).blocks * 512
  const rooms = await Promise.all(stored.slice(1).map(room))
  expect(Math.max(...rooms)).toBeLessThan(2 * body.length)
})

it('copies whole blobs, also when the disk takes less at once than it is given', async () => {
  const dir = await fresh()
  const bodies = [randomBytes(20_000), randomBytes(20_000)]
  const store = createFileBlobStore({ dir })
  const keys = [await put(store, bodies[0] ?? EMPTY), await put(store, bodies[1] ?? EMPTY)]
  await store[Symbol.asyncDispose]()
  await using later = createFileBlobStore({ dir, nowMs: () => Date.now() + 30 * DAY_MS })
  await later.delete(keys.slice(0, 1))
  const file = await open(fileOf(dir, keys[1] ?? ''))
  const handles = Object.getPrototypeOf(file) as Pick<FileHandle, 'write'>
  await file.close()
  const { write } = handles
  const short = vi.spyOn(handles, 'write').mockImplementation(function (
    this: FileHandle,
    ...[buffer, offset, length, at]: unknown[]
  ) {
    return Reflect.apply(write, this, [buffer, offset, Math.min(Number(length), 5000), at])
  } as never)
  expect(await later.reclaim?.()).toBe(20_000)
  short.mockRestore()
  expect((await get(later, keys[1] ?? '')).equals(bodies[1] ?? EMPTY)).toBe(true)
})

it('nothing is left of the bytes in a store that was left, and it can be used again', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  await using other = createLmdbBlobStore({ dir: join(dir, '../blobs.lmdb') })
  const bodies = [randomBytes(20_000), randomBytes(30_000)]
  const keys = await Promise.all(bodies.map((body) => put(store, body)))
  expect(await moveBlobs({ from: store, to: other })).toEqual({ blobs: 2, bytes: 50_000 })
  expect(await store.reclaim?.()).toBe(0)
  expect(await store.reclaim?.({ isLeft: true })).toBe(50_000)
  expect(await segmentsIn(dir)).toEqual([])
  expect(await moveBlobs({ from: other, to: store })).toEqual({ blobs: 2, bytes: 50_000 })
  for (const [n, key] of keys.entries())
    expect((await get(store, key)).equals(bodies[n] ?? EMPTY)).toBe(true)
  // Its own segment is gone: whoever stores is asked to come again.
  await expect(put(store, Buffer.from('once'))).rejects.toThrow(BlobStoreAwayError)
  const next = await put(store, Buffer.from('again'))
  expect(await keysOf(store)).toEqual([...keys, next].sort())
})

it('what a crash cut off hides nothing, and is told to nobody', async () => {
  const dir = await fresh()
  const bodies = [randomBytes(20_000), randomBytes(30_000)]
  let keys: string[] = []
  {
    await using store = createFileBlobStore({ dir })
    keys = [await put(store, bodies[0] ?? EMPTY), await put(store, bodies[1] ?? EMPTY)]
  }
  const path = fileOf(dir, keys[0] ?? '')
  const whole = (await stat(path)).size
  await appendFile(path, randomBytes(5000))
  await using store = createFileBlobStore({ dir })
  expect(await keysOf(store)).toEqual(keys)
  await truncate(path, whole - 32 * 1024 - BLOCK_BYTES + 10)
  expect(await keysOf(store)).toEqual([keys[0]])
  expect((await get(store, keys[0] ?? '')).equals(bodies[0] ?? EMPTY)).toBe(true)
  await expect(store.read(keys[1] ?? '')).rejects.toThrow(BlobMissingError)
})

it('keys that name nothing are missing, and deleting them changes nothing', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  const key = await put(store, Buffer.from('here'))
  const { segment = '' } = parseSegmentKey(key) ?? {}
  const wrong = [
    segmentKey({ segment, table: 0, place: 1 }),
    segmentKey({ segment, table: 1, place: 0 }),
    segmentKey({ segment, table: 1_679_615, place: 1295 }),
    segmentKey({ segment: '0123456789abcdef', table: 0, place: 0 }),
  ]
  for (const one of wrong) {
    await expect(store.read(one)).rejects.toThrow(BlobMissingError)
    expect(await store.stat(one)).toBeNull()
  }
  await store.delete(wrong)
  expect((await get(store, key)).toString()).toBe('here')
})

it('finds blobs that came back from another store under the key of a segment', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  const key = await put(store, Buffer.from('from a segment'))
  await store.delete([key])
  const writer = await store.begin(key)
  await writer.write(Buffer.from('came back'))
  await writer.finish()
  const next = await put(store, Buffer.from('next'))
  expect((await get(store, key)).toString()).toBe('came back')
  expect(await keysOf(store)).toEqual([key, next].sort())
  expect(await keysOf(store, key)).toEqual([next].filter((one) => one > key))
})

it('tells what is stored, whatever was written, deleted, reclaimed and opened again', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ put: fc.array(fc.nat(270_000), { minLength: 1, maxLength: 6 }) }),
    },
    { weight: 3, arbitrary: fc.record({ delete: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    { weight: 1, arbitrary: fc.record({ reclaimAfterDays: fc.nat(10) }) },
  )
  const history = fc.array(step, { maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const dir = await fresh()
      let now = Date.now()
      const open = () => createFileBlobStore({ dir, nowMs: () => now })
      let store = open()
      const model = new Map<string, Buffer>()
      for (const one of steps) {
        if ('put' in one) {
          const bodies = one.put.map((length) => randomBytes(length))
          const keys = await Promise.all(bodies.map((body) => put(store, body)))
          for (const [n, key] of keys.entries()) model.set(key, bodies[n] ?? Buffer.alloc(0))
        } else if ('delete' in one) {
          const key = [...model.keys()][one.delete % model.size]
          if (key === undefined) continue
          await store.delete([key])
          model.delete(key)
        } else if ('reopen' in one) {
          await store[Symbol.asyncDispose]()
          store = open()
        } else {
          now += one.reclaimAfterDays * DAY_MS
          await store.reclaim?.()
        }
      }
      expect(await keysOf(store)).toEqual([...model.keys()].sort())
      for (const [key, body] of model) expect((await get(store, key)).equals(body)).toBe(true)
      await store[Symbol.asyncDispose]()
    }),
    { numRuns: 25 },
  )
})
