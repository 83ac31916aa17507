import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool } from '@pubky/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFixtureRepository } from './fixture-service.ts'
import { choosePorts } from './ports.ts'
import { type StackOptions, startStack } from './start.ts'

let dir = ''
let repository = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-stack-'))
  repository = await makeFixtureRepository(join(dir, 'repository'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function start(name: string, o: Partial<StackOptions> = {}) {
  const dataDir = join(dir, name)
  return startStack({ dataDir, repository, ports: 'free', fsync: false, ...o })
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const pool = createPool(url, { max: 1 })
  try {
    return (await pool.query(sql)).rows
  } finally {
    await pool.end()
  }
}

describe('startStack', { timeout: 600_000 }, () => {
  it('starts everything, keeps the data, and starts again on the same folder', async () => {
    for (const round of [1, 2]) {
      const told: string[] = []
      await using stack = await start('twice', { tell: (text) => told.push(text) })
      for (const service of ['relay', 'httpRelay', 'homeserver', 'nexus', 'web'] as const)
        expect((await fetch(stack.urls[service])).status).toBe(200)
      const url = stack.databaseUrl('homeserver')
      if (round === 1) await query(url, 'create table kept as select 1 as n')
      expect(await query(url, 'select n from kept')).toEqual([{ n: 1 }])
      expect(told.map((text) => text.split(' ')[0]).sort()).toEqual([
        'homeserver',
        'http-relay',
        'nexus',
        'pkdns',
        'postgres',
        'web',
      ])
    }
  })

  it('starts PostgreSQL again when it was killed, with every service at the same address', async () => {
    let back = () => {}
    const isBack = new Promise<void>((resolve) => {
      back = resolve
    })
    await using stack = await start('killed', {
      without: ['web', 'nexus'],
      fsync: true,
      tell: (text) => text === 'PostgreSQL is back' && back(),
    })
    const url = stack.databaseUrl('nexus')
    await query(url, 'create table kept as select 1 as n')
    const file = join(dir, 'killed/postgres/cluster/postmaster.pid')
    process.kill(Number((await readFile(file, 'utf8')).split('\n')[0]), 'SIGKILL')
    await isBack
    expect(stack.databaseUrl('nexus')).toBe(url)
    expect(await query(url, 'select n from kept')).toEqual([{ n: 1 }])
  })

  it('names every port in use before anything starts', async () => {
    const ports = await choosePorts()
    const servers = [ports.web, ports.nexus].map((port) => createServer().listen(port, '127.0.0.1'))
    await Promise.all(servers.map((server) => once(server, 'listening')))
    const refused = start('ports', { ports })
    await expect(refused).rejects.toThrow(
      `Ports ${ports.web} (web) and ${ports.nexus} (nexus) are already in use`,
    )
    for (const server of servers) server.close()
    await expect(readFile(join(dir, 'ports/postgres/password'))).rejects.toThrow('ENOENT')
  })

  it('stops everything when one service cannot start, and tells which', async () => {
    const broken = await makeFixtureRepository(join(dir, 'broken'))
    await writeFile(join(broken, 'dist/nexus.js'), "process.send({ failed: 'no.' })")
    const ports = await choosePorts()
    const refused = start('twice', { repository: broken, ports })
    await expect(refused).rejects.toThrow('nexus did not start: no.')
    await expect(fetch(`http://127.0.0.1:${ports.homeserver}`)).rejects.toThrow()
    await (await start('twice', { ports })).close()
  })

  it('says what is not built', async () => {
    await expect(start('x', { repository: dir })).rejects.toMatchObject({ code: 'not_built' })
  })
})
