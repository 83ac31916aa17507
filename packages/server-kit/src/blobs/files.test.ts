import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobStoreContract } from '@pubky/testkit/blob-store-contract'
import { afterAll, expect, it } from 'vitest'
import { createFileBlobStore } from './files.ts'

const dirs: string[] = []
async function fresh(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-blobs-'))
  dirs.push(dir)
  return join(dir, 'blobs')
}
afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))))

blobStoreContract('files', async () => createFileBlobStore({ dir: await fresh() }))

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
