import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@pubky/testkit/pg'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startEmbeddedPostgres } from './embedded.ts'
import { createListener } from './listen.ts'
import { migrate } from './migrate.ts'
import { withTransaction } from './pool.ts'
import { removeClusterElsewhere } from './runner.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-kit-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function migration(folder: string, name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), sql)
}

describe('migrate', () => {
  it('applies each migration once, in the order of names, and refuses a changed one', async () => {
    await using database = await createTestDatabase()
    const folder = join(dir, 'a')
    await migration(folder, '0002_b', 'alter table t add column b int')
    await migration(folder, '0001_a', 'create table t (a int)')
    expect(await migrate(database.url, folder)).toEqual({ applied: ['0001_a', '0002_b'] })
    expect(await migrate(database.url, folder)).toEqual({ applied: [] })
    await writeFile(join(folder, '0001_a', 'migration.sql'), 'create table t (a text)')
    await expect(migrate(database.url, folder)).rejects.toMatchObject({ code: 'migration_changed' })
  })

  it('leaves nothing of a migration that fails, and refuses the database of a newer version', async () => {
    await using database = await createTestDatabase()
    const folder = join(dir, 'b')
    await migration(folder, '0001_a', 'create table u (a int); select 1/0')
    await expect(migrate(database.url, folder)).rejects.toMatchObject({ code: 'migration_failed' })
    await expect(database.pool.query('select * from u')).rejects.toThrow('does not exist')
    await migration(folder, '0001_a', 'create table u (a int)')
    await migrate(database.url, folder)
    await rm(join(folder, '0001_a'), { recursive: true })
    await expect(migrate(database.url, folder)).rejects.toMatchObject({ code: 'data_version' })
  })
})

describe('withTransaction', () => {
  it('rolls back when the work throws', async () => {
    await using database = await createTestDatabase()
    await database.pool.query('create table v (a int)')
    await expect(
      withTransaction(database.pool, async (client) => {
        await client.query('insert into v values (1)')
        throw new RangeError('no')
      }),
    ).rejects.toThrow('no')
    expect((await database.pool.query('select * from v')).rowCount).toBe(0)
  })
})

describe('createListener', () => {
  it('hears notices, and again after its connection was killed', async () => {
    await using database = await createTestDatabase()
    const heard: string[] = []
    let hear = () => {}
    const next = () =>
      new Promise<void>((resolve) => {
        hear = resolve
      })
    let connects = 0
    await using listener = createListener(
      database.url,
      ['news'],
      (_, payload) => {
        heard.push(payload)
        hear()
      },
      {
        onConnect: () => {
          connects += 1
          if (connects === 2) hear()
        },
      },
    )
    await listener.ready
    let waiting = next()
    await database.pool.query("select pg_notify('news', 'one')")
    await waiting
    waiting = next()
    await database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listen' and datname = current_database()",
    )
    await waiting
    waiting = next()
    await database.pool.query("select pg_notify('news', 'two')")
    await waiting
    expect(heard).toEqual(['one', 'two'])
  })
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const isRootOnLinux = process.platform === 'linux' && process.getuid?.() === 0

describe('startEmbeddedPostgres', () => {
  it('keeps data between starts, and takes up a server that still runs', async () => {
    const dataDir = join(dir, 'pg')
    {
      await using first = await startEmbeddedPostgres({ dataDir, fsync: false })
      expect(first.reused).toBe(false)
      await query(first.url('postgres'), 'create table kept as select 7 as n')
      const second = await startEmbeddedPostgres({ dataDir, fsync: false })
      expect(second).toMatchObject({ reused: true, route: first.route })
    }
    await using again = await startEmbeddedPostgres({ dataDir, fsync: false })
    expect(again.reused).toBe(false)
    expect(await query(again.url('postgres'), 'select n from kept')).toEqual([{ n: 7 }])
  })

  it('comes back with every committed row after kill -9, and has a password of its own', async () => {
    const dataDir = join(dir, 'killed')
    const first = await startEmbeddedPostgres({ dataDir })
    await query(first.url('postgres'), 'create table kept as select 8 as n')
    const pid = Number(
      (await readFile(join(dataDir, 'cluster/postmaster.pid'), 'utf8')).split('\n')[0],
    )
    process.kill(pid, 'SIGKILL')
    await expect(first.failed).rejects.toMatchObject({ code: 'postgres_failed' })
    await using second = await startEmbeddedPostgres({ dataDir })
    expect(await query(second.url('postgres'), 'select n from kept')).toEqual([{ n: 8 }])
    const settings = "select setting from pg_settings where name = 'fsync'"
    expect(await query(second.url('postgres'), settings)).toEqual([{ setting: 'on' }])
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600)
    const wrong = second.url('postgres').replace(/:[^:@/]+@/, ':wrong@')
    await expect(query(wrong, 'select 1')).rejects.toThrow('password authentication failed')
  })

  it('takes a pid file whose number another program has now for an old one', async () => {
    const dataDir = join(dir, 'recycled')
    const first = await startEmbeddedPostgres({ dataDir, fsync: false })
    await first[Symbol.asyncDispose]()
    const file = join(dataDir, 'cluster/postmaster.pid')
    expect(existsSync(file)).toBe(false)
    await writeFile(file, `${process.ppid}\n${dataDir}/cluster\n1\n5432\n\n127.0.0.1\n`)
    await using second = await startEmbeddedPostgres({ dataDir, fsync: false })
    expect(second.reused).toBe(false)
  })

  it.runIf(isRootOnLinux)(
    'makes a cluster anew where a data folder was removed whose cluster lies elsewhere',
    async () => {
      const bin = join(dir, 'bin')
      await mkdir(bin)
      await writeFile(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      vi.stubEnv('PATH', `${bin}:${process.env.PATH}`)
      const dataDir = join(dir, 'removed')
      const start = () => startEmbeddedPostgres({ dataDir, fsync: false })
      const home = async () => (await readFile(join(dataDir, 'cluster-elsewhere'), 'utf8')).trim()
      const homes: string[] = []
      try {
        {
          await using first = await start()
          expect(first.route).toBe('linked-copy')
          homes.push(await home())
          await query(first.url('postgres'), 'create table kept as select 7 as n')
        }
        {
          await using again = await start()
          expect(await home()).toBe(homes[0])
          expect(await query(again.url('postgres'), 'select n from kept')).toEqual([{ n: 7 }])
        }
        await rm(dataDir, { recursive: true })
        {
          await using fresh = await start()
          homes.push(await home())
          expect(await query(fresh.url('postgres'), "select to_regclass('kept') as t")).toEqual([
            { t: null },
          ])
        }
        removeClusterElsewhere(dataDir)
        expect(homes.map((path) => existsSync(path))).toEqual([true, false])
      } finally {
        vi.unstubAllEnvs()
        for (const path of homes) await rm(path, { recursive: true, force: true })
      }
    },
  )

  it('removes no folder but its own for the note of a data folder', async () => {
    const [dataDir, other] = [join(dir, 'noted'), join(dir, '0123456789abcdef')]
    for (const path of [dataDir, other]) await mkdir(path)
    await writeFile(join(dataDir, 'cluster-elsewhere'), `${other}\n`)
    removeClusterElsewhere(dataDir)
    expect(existsSync(other)).toBe(true)
  })

  it('refuses the cluster of another major version', async () => {
    const dataDir = join(dir, 'old')
    await mkdir(join(dataDir, 'cluster'), { recursive: true })
    await writeFile(join(dataDir, 'cluster/PG_VERSION'), '12\n')
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: 'postgres_version',
    })
  })
})
