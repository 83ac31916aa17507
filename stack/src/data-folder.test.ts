import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DATA_VERSION, openDataFolder } from './data-folder.ts'
import { endLeftovers, noted, noteProcess } from './processes.ts'

let dir = ''
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'pubky-folder-')), 'data')
})
afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }))

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}

describe('openDataFolder', () => {
  it('is private and knows its format', async () => {
    await using folder = await openDataFolder(dir)
    expect(await readFile(folder.path('VERSION'), 'utf8')).toBe(`${DATA_VERSION}\n`)
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
  })

  it('is held by one program, and free again when that has closed it', async () => {
    const folder = await openDataFolder(dir)
    await expect(openDataFolder(dir)).rejects.toMatchObject({
      code: 'already_running',
      message: `Pubky is already running on the data folder ${dir} (process ${process.pid}).`,
    })
    await folder[Symbol.asyncDispose]()
    await (await openDataFolder(dir))[Symbol.asyncDispose]()
    expect(await readdir(dir)).toEqual(['VERSION'])
  })

  it.each([
    ['a killed program', async () => `${await deadProcess()}\n123\n`],
    ['another process that has the number now', async () => `${process.pid}\n1\n`],
    ['a cut-off write', async () => ''],
  ])('takes no notice of the lock of %s', async (_, text) => {
    await (await openDataFolder(dir))[Symbol.asyncDispose]()
    await writeFile(join(dir, 'lock'), await text())
    await using folder = await openDataFolder(dir)
    expect(noted(folder.path('lock'))).toBe(process.pid)
  })

  it('refuses a folder of a newer program and one it cannot read, and lets them be', async () => {
    await (await openDataFolder(dir))[Symbol.asyncDispose]()
    for (const text of ['2\n', 'x\n', '0\n']) {
      await writeFile(join(dir, 'VERSION'), text)
      await expect(openDataFolder(dir)).rejects.toMatchObject({ code: 'data_version' })
      expect(await readdir(dir)).toEqual(['VERSION'])
      expect(await readFile(join(dir, 'VERSION'), 'utf8')).toBe(text)
    }
  })

  it('lets one of many that open it at once have it', async () => {
    await (await openDataFolder(dir))[Symbol.asyncDispose]()
    await writeFile(join(dir, 'lock'), `${await deadProcess()}\n123\n`)
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => openDataFolder(dir)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('endLeftovers', () => {
  it('ends services of a killed program, and nobody else', async () => {
    await using folder = await openDataFolder(dir)
    const child = spawn(process.execPath, [
      '-e',
      "process.on('SIGTERM',()=>{});setInterval(()=>{},9)",
    ])
    const gone = once(child, 'exit')
    noteProcess(folder.path('child'), child.pid ?? 0)
    await writeFile(folder.path('other'), `${process.pid}\n1\n`)
    await writeFile(folder.path('VERSION'), '')
    await rm(folder.path('lock'))
    await endLeftovers(dir)
    expect(await gone).toEqual([null, 'SIGKILL'])
    expect(await readdir(dir)).toEqual([])
  })
})
