import { randomBytes } from 'node:crypto'
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blake3, toHex } from '@pubky/protocol'
import { blobStoreContract } from '@pubky/testkit/blob-store-contract'
import { afterAll, expect, it, vi } from 'vitest'
import { shareNext } from '../share-next.ts'
import { createFileBlobStore } from './files.ts'
import { SEGMENT_NAME_LENGTH, SEGMENT_SUFFIX } from './segment-format.ts'

const segmentFile = (key: string) => key.slice(0, SEGMENT_NAME_LENGTH) + SEGMENT_SUFFIX

const dirs: string[] = []
async function fresh(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-blobs-'))
  dirs.push(dir)
  return join(dir, 'blobs')
}
afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))))

blobStoreContract('files', async () => createFileBlobStore({ dir: await fresh() }))
blobStoreContract('files through the page cache', async () =>
  createFileBlobStore({ dir: await fresh(), bypassCache: false }),
)

it('removes what uploads of a crashed process left a day ago, and nothing younger', async () => {
  const dir = await fresh()
  await mkdir(join(dir, 'tmp'), { recursive: true })
  for (const name of ['old', 'new']) await writeFile(join(dir, 'tmp', name), 'x')
  const dayAgo = Date.now() / 1000 - 25 * 3600
  await utimes(join(dir, 'tmp/old'), dayAgo, dayAgo)
  const writer = await createFileBlobStore({ dir }).begin('some-key-1')
  await writer.finish()
  expect(await readdir(join(dir, 'tmp'))).toEqual(['new'])
})

it('finds, lists and deletes what an older version stored one folder deeper', async () => {
  const dir = await fresh()
  const old = ['abcd-old-1', 'abff-old-2', 'zz00-old-3']
  for (const key of old) {
    const folder = join(dir, key.slice(0, 2), key.slice(2, 4))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, key), key)
  }
  await using store = createFileBlobStore({ dir })
  const writer = await store.begin('abee-new-1')
  await writer.write(Buffer.from('new'))
  await writer.finish()
  const listed: string[] = []
  for await (const { key } of store.list({ after: 'abcc', limit: 10 })) listed.push(key)
  expect(listed).toEqual(['abcd-old-1', 'abee-new-1', 'abff-old-2', 'zz00-old-3'])
  expect(await new Response(await store.read('abff-old-2')).text()).toBe('abff-old-2')
  expect((await store.stat('zz00-old-3'))?.size).toBe(10)
  await store.delete(old)
  expect(await store.stat('abcd-old-1')).toBeNull()
  expect((await store.stat('abee-new-1'))?.size).toBe(3)
})

it('leaves no scratch file, whether an upload ends or is given up', async () => {
  const dir = await fresh()
  await using store = createFileBlobStore({ dir })
  for (const size of [0, 100, 300_000, 1_000_000]) {
    const [kept, dropped] = [
      await store.begin(`kept-blob-${size}`),
      await store.begin(`none-blob-${size}`),
    ]
    for (const writer of [kept, dropped]) {
      await writer.write(new Uint8Array(size).fill(1))
      await writer.write(new Uint8Array(size).fill(2))
    }
    expect((await kept.finish()).size).toBe(2 * size)
    await dropped.abort()
    expect((await store.stat(`kept-blob-${size}`))?.size).toBe(2 * size)
    expect(await store.stat(`none-blob-${size}`)).toBeNull()
  }
  expect(await readdir(join(dir, 'tmp'))).toEqual([])
})

it('shares the next sync of a folder among those who come while one runs', async () => {
  const ends: (() => void)[] = []
  const sync = shareNext(() => new Promise((resolve) => ends.push(() => resolve())))
  const settled: string[] = []
  const note = (name: string) => sync().then(() => settled.push(name))
  const all = [note('first'), note('second'), note('third')]
  expect(ends).toHaveLength(1)
  ends[0]?.()
  await all[0]
  await new Promise(setImmediate)
  expect(settled).toEqual(['first'])
  expect(ends).toHaveLength(2)
  ends[1]?.()
  await Promise.all(all)
  expect(ends).toHaveLength(2)
})

it('goes on after a sync that failed', async () => {
  let count = 0
  const sync = shareNext(async () => {
    count += 1
    if (count === 1) throw new Error('disk gone')
  })
  const [first, second] = [sync(), sync()]
  await expect(first).rejects.toThrow('disk gone')
  await second
  expect(count).toBe(2)
})

it.each([[true], [false]])(
  'stores pieces of every size as they came, with more uploads at once than have buffers (past the cache: %s)',
  async (bypassCache) => {
    const dir = await fresh()
    await using store = createFileBlobStore({ dir, bypassCache })
    const lengths = [1, 70_000, 262_144, 300_001, 16_384, 600_000, 0, 5]
    const uploads = Array.from({ length: 300 }, async (_, n) => {
      const pieces = lengths.slice(n % lengths.length).map((length) => randomBytes(length))
      const writer = await store.begin(`many-blob-${n}`)
      // All are open before any of them goes on.
      await writer.write(Buffer.from('first'))
      return async () => {
        for (const piece of pieces) await writer.write(piece)
        const whole = Buffer.concat([Buffer.from('first'), ...pieces])
        const { size, blake3: hash } = await writer.finish()
        expect([size, toHex(hash)]).toEqual([whole.length, toHex(await blake3(whole))])
        const stored = await new Response(await store.read(`many-blob-${n}`)).arrayBuffer()
        expect(Buffer.from(stored).equals(whole)).toBe(true)
      }
    })
    await Promise.all((await Promise.all(uploads)).map((finish) => finish()))
    expect(await readdir(join(dir, 'tmp'))).toEqual([])
  },
)

it('deletes on a full disk, and gives the room back', async () => {
  const dir = await fresh()
  const first = createFileBlobStore({ dir })
  const writer = await first.begin(null)
  await writer.write(randomBytes(50_000))
  const { key } = await writer.finish()
  await first[Symbol.asyncDispose]()
  await using store = createFileBlobStore({ dir, nowMs: () => Date.now() + 25 * 3_600_000 })
  const file = await open(join(dir, key.slice(0, 2), segmentFile(key)))
  const handles = Object.getPrototypeOf(file) as Pick<FileHandle, 'write'>
  await file.close()
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  const write = vi.spyOn(handles, 'write').mockRejectedValueOnce(full)
  await store.delete([key])
  write.mockRestore()
  expect(await store.stat(key)).toBeNull()
  await store.reclaim?.()
  expect(await readdir(join(dir, key.slice(0, 2)))).toEqual([])
})
