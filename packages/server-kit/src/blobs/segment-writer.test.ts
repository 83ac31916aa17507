import { copyFile, link, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { BlobStoreAwayError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { blobFileName, createFileBlobStore } from './files.ts'

const DAY_MS = 24 * 3_600_000

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-writer-'))
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(dir, { recursive: true, force: true })
})

async function put(store: BlobStore, text: string): Promise<string> {
  const writer = await store.begin(null)
  await writer.write(Buffer.from(text))
  return (await writer.finish()).key
}

async function get(store: BlobStore, key: string): Promise<string> {
  return new Response(await store.read(key)).text()
}

const fileOf = (key: string) => join(dir, key.slice(0, 2), blobFileName(key))

it('a segment that was lost under its writer fails those who wait, and the next begins another', async () => {
  await using store = createFileBlobStore({ dir })
  await rm(fileOf(await put(store, 'first')))
  await expect(put(store, 'second')).rejects.toThrow(BlobStoreAwayError)
  const third = await put(store, 'third')
  expect(await get(store, third)).toBe('third')
  const keys: string[] = []
  for await (const { key } of store.list({ limit: 10 })) keys.push(key)
  expect(keys).toEqual([third])
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
  expect(blobFileName(next)).not.toBe(blobFileName(key))
})
