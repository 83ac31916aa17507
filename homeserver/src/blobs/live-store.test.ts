import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlobStore, createFileBlobStore } from '@pubky/server-kit'
import { blobStoreContract } from '@pubky/testkit/blob-store-contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLiveBlobStore } from './live-store.ts'

let dir = ''
let count = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-live-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

function emptyStore(): BlobStore {
  count += 1
  return createFileBlobStore({ dir: join(dir, String(count)) })
}

/** A server that hears of a move only when it asks. */
function deafServer() {
  const [from, to] = [emptyStore(), emptyStore()]
  const told = { state: 'before', isFresh: true, reads: 0 }
  const live = createLiveBlobStore({
    isFresh: () => told.isFresh,
    async read() {
      told.reads += 1
      if (told.state === 'moving') live.use({ reads: [to, from], writes: to })
      if (told.state === 'done') live.use({ reads: [to], writes: to })
    },
  })
  live.use({ reads: [from], writes: from })
  return { from, to, told, live }
}

async function put(store: BlobStore, key: string): Promise<void> {
  const writer = await store.begin(key)
  await writer.write(Buffer.from(key))
  await writer.finish()
}

blobStoreContract('that may be moved', async () => deafServer().live)

test('who missed a move looks again when a blob is not there', async () => {
  const { to, told, live } = deafServer()
  await put(to, 'written-elsewhere')
  expect(await live.stat('written-elsewhere')).toBeNull()
  told.state = 'moving'
  const body = await new Response(await live.read('written-elsewhere')).text()
  expect(body).toBe('written-elsewhere')
  expect(told.reads).toBe(2)
})

test('who was cut off asks before it writes', async () => {
  const { to, told, live } = deafServer()
  Object.assign(told, { state: 'moving', isFresh: false })
  await put(live, 'written-late')
  expect(await to.stat('written-late')).not.toBeNull()
  expect(live.oldUploads).toBe(0)
})

test('an upload from before the move ends in the old store, as long as that is looked into', async () => {
  const { from, to, told, live } = deafServer()
  const first = await live.begin('from-before-1')
  const second = await live.begin('from-before-2')
  live.use({ reads: [to, from], writes: to })
  expect(live.oldUploads).toBe(2)
  await first.finish()
  expect([live.oldUploads, await from.stat('from-before-1')]).toMatchObject([1, { size: 0 }])
  Object.assign(told, { state: 'done', isFresh: false })
  await expect(second.finish()).rejects.toMatchObject({ code: 'blob_store_away' })
  await second.abort()
  expect([live.oldUploads, await from.stat('from-before-2')]).toEqual([0, null])
})
