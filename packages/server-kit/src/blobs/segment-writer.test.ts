import { randomBytes } from 'node:crypto'
import { copyFile, link, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { BlobStoreAwayError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { createFileBlobStore } from './files.ts'
import { SEGMENT_NAME_LENGTH, SEGMENT_SUFFIX } from './segment-format.ts'

const DAY_MS = 24 * 3_600_000

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-writer-'))
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(dir, { recursive: true, force: true })
})

async function put(store: BlobStore, body: string | Buffer): Promise<string> {
  const writer = await store.begin(null)
  await writer.write(Buffer.from(body))
  return (await writer.finish()).key
}

async function get(store: BlobStore, key: string): Promise<string> {
  return new Response(await store.read(key)).text()
}

async function keysOf(store: BlobStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list({ limit: 10 })) keys.push(key)
  return keys
}

const segmentFile = (key: string) => key.slice(0, SEGMENT_NAME_LENGTH) + SEGMENT_SUFFIX
const fileOf = (key: string) => join(dir, key.slice(0, 2), segmentFile(key))

it('a segment that was lost under its writer fails those who wait, and the next begins another', async () => {
  await using store = createFileBlobStore({ dir })
  await rm(fileOf(await put(store, 'first')))
  await expect(put(store, 'second')).rejects.toThrow(BlobStoreAwayError)
  const third = await put(store, 'third')
  expect(await get(store, third)).toBe('third')
  expect(await keysOf(store)).toEqual([third])
})

it('notices that its segment was replaced, also when a backup keeps the old one', async () => {
  await using store = createFileBlobStore({ dir })
  const path = fileOf(await put(store, 'first'))
  await link(path, join(dir, 'backup'))
  await copyFile(path, join(dir, 'copy'))
  await rename(join(dir, 'copy'), path)
  await expect(put(store, 'second')).rejects.toThrow(BlobStoreAwayError)
})

it('goes on in another segment when the clock was set or the machine slept', async () => {
  await using store = createFileBlobStore({ dir })
  const key = await put(store, 'before')
  vi.useFakeTimers({ now: Date.now() + 2 * DAY_MS, toFake: ['Date'] })
  const next = await put(store, 'after')
  expect(segmentFile(next)).not.toBe(segmentFile(key))
})

it('who replaces a file all the time does not fill the disk', async () => {
  await using store = createFileBlobStore({ dir })
  const body = randomBytes(200_000)
  const kept = await put(store, 'kept')
  let last = await put(store, body)
  for (let n = 0; n < 300; n += 1) {
    const next = await put(store, body)
    await store.delete([last])
    last = next
  }
  let room = 0
  for (const name of await readdir(dir, { recursive: true }))
    room += (await stat(join(dir, name))).blocks * 512
  expect(room).toBeLessThan(18_000_000)
  expect(await keysOf(store)).toEqual([kept, last].sort())
  expect(await get(store, kept)).toBe('kept')
})

it('gives room back of what it finished and another process deleted, long before a day is over', async () => {
  await using store = createFileBlobStore({ dir })
  await using other = createFileBlobStore({ dir })
  const keys: string[] = []
  for (let n = 0; n < 90; n += 1) keys.push(await put(store, randomBytes(200_000)))
  const first = keys.filter((key) => segmentFile(key) === segmentFile(keys[0] ?? ''))
  await other.delete(first)
  expect(await other.reclaim?.()).toBe(0)
  expect(await store.reclaim?.()).toBe(first.length * 200_000)
  expect(await store.reclaim?.()).toBe(0)
})
