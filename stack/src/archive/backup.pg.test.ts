import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileBlobStore, migrate } from '@pubky/server-kit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openDataFolder } from '../data-folder.ts'
import { openDatabases } from '../database.ts'
import { backup } from './backup.ts'
import { restore } from './restore.ts'

const MIGRATION = `
  create table accounts (id bigint generated always as identity primary key, name text not null);
  create table entries (
    id int primary key, account bigint not null references accounts, blob_key text,
    body bytea, labels text[], doubled int generated always as (id * 2) stored
  );
  create table settings (name text primary key);
  insert into settings values ('made by the migration');
`

let dir = ''
let repository = ''
let dataDir = ''
let file = ''

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const open = (dataDir_: string) =>
  openDatabases({ dataDir: join(dataDir_, 'postgres'), port: 0, fsync: false, tell: () => {} })

async function contents(url: string): Promise<unknown[]> {
  return withClient(url, async (client) => {
    const results: unknown[] = []
    for (const table of ['accounts', 'entries', 'settings', '_prisma_migrations'])
      results.push((await client.query(`select * from ${table} t order by t::text`)).rows)
    return results
  })
}

const withoutTimes = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, v) => (/^(id|.*_at)$/.test(key) && /-/.test(v) ? 0 : v)))

let segmentBlob = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-backup-'))
  repository = join(dir, 'repository')
  dataDir = join(dir, 'data')
  file = join(dir, 'saved.tar.gz')
  for (const name of ['homeserver', 'nexus']) {
    const folder = join(repository, 'prisma', name, 'migrations/0001_init')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'migration.sql'), MIGRATION)
  }
  await (await openDataFolder(dataDir))[Symbol.asyncDispose]()
  await using databases = await open(dataDir)
  for (const name of ['homeserver', 'nexus'] as const) {
    const url = databases.url(name)
    await migrate(url, join(repository, 'prisma', name, 'migrations'))
    await withClient(url, async (client) => {
      await client.query(
        `insert into accounts (name) values ('tab\there'), ('line\nhere'), ('\\N')`,
      )
      await client.query(
        `insert into entries values (1, 1, 'blob-one', '\\x0001ff', '{a,"b c"}'), (2, 3, null, null, null)`,
      )
      await client.query(
        `insert into entries select g, 2, null, repeat('x', 500)::bytea from generate_series(10, 4000) g`,
      )
      await client.query(`update settings set name = 'changed since'`)
    })
    await mkdir(join(dataDir, name, 'blobs/bl/ob'), { recursive: true })
    await writeFile(join(dataDir, name, 'blobs/bl/ob/blob-one'), `${name} blob`)
  }
  await using store = createFileBlobStore({ dir: join(dataDir, 'homeserver/blobs') })
  const stored = await Promise.all(
    ['stored beside others', 'another'].map(async (text) => {
      const writer = await store.begin(null)
      await writer.write(Buffer.from(text))
      return (await writer.finish()).key
    }),
  )
  segmentBlob = stored[0] ?? ''
  await withClient(databases.url('homeserver'), (client) =>
    client.query('insert into entries values (5, 1, $1, null, null)', [segmentBlob]),
  )
  // The entry that named it goes while the backup is made.
  await store.delete([segmentBlob])
  await writeFile(join(dataDir, 'homeserver/blobs/tmp/half'), 'half an upload')
  await writeFile(join(dataDir, 'homeserver/secret'), 'seed')
  await mkdir(join(dataDir, 'pkdns/relay'), { recursive: true })
  await writeFile(join(dataDir, 'pkdns/relay/packets.log'), 'packets')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('backup and restore', { timeout: 600_000 }, () => {
  it('makes the same network again from one private file', async () => {
    await using databases = await open(dataDir)
    const report = await backup({ dataDir, file })
    expect(report).toEqual({ bytes: (await stat(file)).size, missingBlobs: 0 })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.'))).toEqual([])

    const target = join(dir, 'restored')
    await restore({ file, dataDir: target, repository })
    expect((await readdir(target)).sort()).toEqual(
      ['VERSION', 'homeserver', 'nexus', 'pkdns', 'postgres'].sort(),
    )
    for (const path of [
      'nexus/blobs/bl/ob/blob-one',
      'homeserver/secret',
      'pkdns/relay/packets.log',
    ])
      expect(await readFile(join(target, path), 'utf8')).toBe(
        await readFile(join(dataDir, path), 'utf8'),
      )
    const folders = ['bl', segmentBlob.slice(0, 2)].sort()
    expect((await readdir(join(target, 'homeserver/blobs'))).sort()).toEqual(folders)
    await using store = createFileBlobStore({ dir: join(target, 'homeserver/blobs') })
    const blob = await new Response(await store.read(segmentBlob)).text()
    expect(blob).toBe('stored beside others')
    await using restored = await open(target)
    for (const name of ['homeserver', 'nexus'] as const) {
      expect(withoutTimes(await contents(restored.url(name)))).toEqual(
        withoutTimes(await contents(databases.url(name))),
      )
      const next = await withClient(restored.url(name), (client) =>
        client.query("insert into accounts (name) values ('next') returning id"),
      )
      expect(next.rows).toEqual([{ id: '4' }])
    }
  })

  it('lets one of two at the same time make it, and tells the other one', async () => {
    await using _databases = await open(dataDir)
    const files = ['one.tar.gz', 'two.tar.gz'].map((name) => join(dir, name))
    const results = await Promise.allSettled(files.map((to) => backup({ dataDir, file: to })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        code: 'already_running',
        message: `A backup of ${dataDir} is under way already (process ${process.pid}).`,
      },
    })
    const written = results.map(({ status }) => status === 'fulfilled')
    expect(files.map((to) => existsSync(to))).toEqual(written)
  })

  it('takes no notice of a backup that was killed', async () => {
    await using _databases = await open(dataDir)
    await writeFile(join(dataDir, '.backup.lock'), `${process.pid}\n1\n`)
    await mkdir(join(dataDir, '.backup/files'), { recursive: true })
    expect((await backup({ dataDir, file: join(dir, 'after') })).missingBlobs).toBe(0)
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('does not touch a folder that is in use, and leaves nothing when it fails', async () => {
    const before = await readdir(dataDir)
    await expect(restore({ file, dataDir, repository })).rejects.toMatchObject({
      code: 'restore_target_used',
    })
    expect(await readdir(dataDir)).toEqual(before)

    const bytes = await readFile(file)
    const target = join(dir, 'nothing')
    const damaged = join(dir, 'damaged.tar.gz')
    for (const text of [bytes.subarray(0, bytes.length / 2), Buffer.from('no archive')]) {
      await writeFile(damaged, text)
      await expect(restore({ file: damaged, dataDir: target, repository })).rejects.toMatchObject({
        code: 'archive_invalid',
      })
    }
    expect((await readdir(dir)).filter((name) => name.startsWith('nothing'))).toEqual([])
  })

  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'leaves no cluster elsewhere either when it fails',
    async () => {
      const bin = join(dir, 'bin')
      const log = join(dir, 'programs')
      await mkdir(bin)
      const scripts = {
        unshare: 'exit 1',
        setpriv: `[ "$1" = --version ] || { echo "$*" >> ${log}; exit 1; }`,
      }
      for (const [name, script] of Object.entries(scripts))
        await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
      vi.stubEnv('PATH', `${bin}:${process.env.PATH}`)
      try {
        await expect(
          restore({ file, dataDir: join(dir, 'nothing'), repository }),
        ).rejects.toMatchObject({ code: 'postgres_failed' })
      } finally {
        vi.unstubAllEnvs()
      }
      const [home = ''] = /\/var\/lib\/pubky\/\w+/.exec(await readFile(log, 'utf8')) ?? []
      expect(home).not.toBe('')
      expect(existsSync(home)).toBe(false)
    },
  )

  it('refuses the backup of a version whose migrations it does not know', async () => {
    const older = join(dir, 'older')
    await mkdir(join(older, 'prisma/homeserver/migrations'), { recursive: true })
    await expect(
      restore({ file, dataDir: join(dir, 'nothing'), repository: older }),
    ).rejects.toMatchObject({ code: 'archive_newer' })
  })

  it('says how many blobs are missing, and what is no data folder', async () => {
    await rm(join(dataDir, 'nexus/blobs/bl/ob/blob-one'))
    // Its segment is still there.
    await using store = createFileBlobStore({ dir: join(dataDir, 'homeserver/blobs') })
    await store.reclaim?.({ isLeft: true })
    expect((await backup({ dataDir, file: join(dir, 'b') })).missingBlobs).toBe(2)
    await expect(backup({ dataDir: join(dir, 'none'), file })).rejects.toMatchObject({
      code: 'backup_failed',
    })
  })
})
