import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openArchiveFile } from './archive-file.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (read: Uint8Array) => new TextDecoder().decode(read)

test('what was appended is read anywhere, through closing and opening, and can be cut off', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-archive-'))
  const path = join(dir, 'account.pubky')
  {
    await using file = await openArchiveFile(path)
    expect(await file.size()).toBe(0)
    await file.append(bytes('hello '))
    await file.append(bytes('world'))
    await file.sync()
    expect(text(await file.read(4, 3))).toBe('o w')
    expect(text(await file.read(9, 100))).toBe('ld')
  }
  {
    await using file = await openArchiveFile(path)
    await file.truncate(6)
    await file.append(bytes('you'))
    expect([await file.size(), text(await file.read(0, 9))]).toEqual([9, 'hello you'])
  }
  expect((await stat(path)).mode & 0o077).toBe(0)
  await rm(dir, { recursive: true })
})
