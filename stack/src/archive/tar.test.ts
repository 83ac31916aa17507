import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc } from '@pubky/testkit/properties'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StackError } from '../errors.ts'
import { extractTar, writeTar } from './tar.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-tar-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function archive(files: Record<string, Uint8Array>): Promise<Buffer> {
  await mkdir(join(dir, 'in'), { recursive: true })
  const entries = Object.entries(files).map(([name, bytes], i) => ({
    name,
    size: bytes.length,
    path: join(dir, 'in', String(i)),
  }))
  for (const [i, { path }] of entries.entries())
    await writeFile(path, Object.values(files)[i] ?? new Uint8Array())
  const chunks: Uint8Array[] = []
  for await (const chunk of writeTar(entries)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The archive of one file under a name that the writer may refuse. */
async function archiveNamed(name: string): Promise<Buffer> {
  const bytes = await archive({ placeholder: Buffer.from('x') })
  bytes.fill(0, 0, 100).write(name)
  const sum = bytes
    .fill(' ', 148, 156)
    .subarray(0, 512)
    .reduce((all, byte) => all + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

const REFUSED = [
  '../evil',
  '/etc/evil',
  'a/../../evil',
  'a\u2028/../../evil',
  'a//b',
  './a',
  'a/.',
  'a/',
  'a\\b',
  'a\nb',
]

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('tar', () => {
  it('gives back every file, however the bytes arrive', async () => {
    const long = `${'folder/'.repeat(20)}${'n'.repeat(90)}`
    const files = {
      'a/b.txt': Buffer.from('hello'),
      empty: Buffer.alloc(0),
      block: Buffer.alloc(512, 7),
      [long]: Buffer.alloc(1500, 1),
    }
    const bytes = await archive(files)
    for (const size of [1, 511, 100_000]) {
      const out = join(dir, `out-${size}`)
      await extractTar(inPieces(bytes, size), out)
      for (const [name, content] of Object.entries(files))
        expect(Buffer.compare(await readFile(join(out, name)), content)).toBe(0)
    }
  })

  it('is a format that tar reads', async () => {
    await writeFile(join(dir, 'x.tar'), await archive({ 'a/b.txt': Buffer.from('hello') }))
    const listed = execFileSync('tar', ['-xOf', join(dir, 'x.tar'), 'a/b.txt'], {
      encoding: 'utf8',
    })
    expect(listed).toBe('hello')
  })

  it('refuses names that lead out of the folder', async () => {
    for (const name of REFUSED) {
      const bytes = await archiveNamed(name)
      const refused = extractTar(inPieces(bytes, 4096), join(dir, 'out'))
      await expect(refused, name).rejects.toMatchObject({
        code: 'archive_invalid',
        message: expect.stringContaining(JSON.stringify(name)),
      })
    }
    expect(await readdir(dir)).toEqual(['in'])
  })

  it('gives back names that people give', async () => {
    const names = [
      'backup-2026-11-29T05:27.tgz',
      'notes (1).txt',
      'Über.txt',
      '...',
      '日本/🙂',
      '*?"',
    ]
    await extractTar(
      inPieces(await archive(Object.fromEntries(names.map((n) => [n, Buffer.from(n)]))), 4096),
      join(dir, 'out'),
    )
    for (const name of names) expect(await readFile(join(dir, 'out', name), 'utf8')).toBe(name)
  })

  it('does not write what it would not read, and names it', async () => {
    for (const name of REFUSED)
      await expect(archive({ [name]: Buffer.from('x') }), name).rejects.toMatchObject({
        code: 'backup_failed',
        message: expect.stringContaining(JSON.stringify(name)),
      })
  })

  it('does not read a file beyond the size it had', async () => {
    await writeFile(join(dir, 'grows'), 'abcdef')
    const chunks: Uint8Array[] = []
    for await (const chunk of writeTar([{ name: 'g', size: 3, path: join(dir, 'grows') }]))
      chunks.push(chunk)
    await extractTar(inPieces(Buffer.concat(chunks), 4096), join(dir, 'out'))
    expect(await readFile(join(dir, 'out/g'), 'utf8')).toBe('abc')
  })

  it('names every damage, and never writes elsewhere', async () => {
    const bytes = await archive({ 'a/b.txt': Buffer.from('hello'), c: Buffer.alloc(600, 9) })
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = Buffer.from(bytes)
          damaged[at] = (damaged[at] ?? 0) ^ by
          const out = join(dir, `out-${run++}`)
          await extractTar(inPieces(damaged, 4096), out).catch((error) => {
            const isNamed = error instanceof StackError || error.code === 'EEXIST'
            if (!isNamed) throw error
          })
        },
      ),
      { numRuns: 60 },
    )
    await expect(
      extractTar(inPieces(bytes.subarray(0, 700), 64), join(dir, 'cut')),
    ).rejects.toThrow('it ends too early')
  })
})
