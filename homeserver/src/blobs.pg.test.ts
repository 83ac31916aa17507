import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { blake3, toHex } from '@pubky/protocol'
import { type BlobStoreKind, createPool, moveBlobs, openBlobStore } from '@pubky/server-kit'
import { createS3BlobStore } from '@pubky/server-kit/blobs/s3'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { type S3Server, startS3Server } from '@pubky/testkit/s3-server'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blobStoreSettings } from './blobs/settings.ts'
import { completeConfig, type HomeserverConfig } from './config.ts'
import { collectOrphans } from './entries/collector.ts'
import { settle } from './testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from './testing/server.ts'

const KINDS = ['files', 'postgres', 'lmdb', 's3'] as const
const FILES = 60
const BIG = 120_000

let dir = ''
let s3: S3Server
const databases: TestDatabase[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-blobs-'))
  s3 = await startS3Server()
})

afterAll(async () => {
  await s3?.[Symbol.asyncDispose]()
  for (const database of databases) await database[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

function openBlobs(config: HomeserverConfig, pool: Pool) {
  return openBlobStore(config.blobStore, blobStoreSettings(config, pool))
}

/** A database, a folder and a bucket that nobody has used. */
async function world(
  blobStore: BlobStoreKind,
): Promise<{ url: string; config: Partial<HomeserverConfig> }> {
  const database = await createTestDatabase(MIGRATIONS)
  databases.push(database)
  const { endpoint, region, accessKeyId, secretAccessKey } = s3.freshBucket()
  return {
    url: database.url,
    config: {
      blobStore,
      dataDir: await mkdtemp(join(dir, 'data-')),
      secretSeed: toHex(randomBytes(32)),
      s3Endpoint: endpoint,
      s3Region: region,
      s3AccessKeyId: accessKeyId,
      s3SecretAccessKey: secretAccessKey,
    },
  }
}

describe.each(KINDS)('with the blob store %s', (kind) => {
  test('large files are written, replaced, read in part and deleted, and nothing is left', async () => {
    const { url, config } = await world(kind)
    await using server = await startTestServer(url, { config })
    const { put, get, del } = await settle(server)
    const [first, second] = [randomBytes(700_000), randomBytes(BIG)]
    expect((await put('/pub/a.bin', first)).status).toBe(201)
    expect(Buffer.compare((await get('/pub/a.bin')).body, first)).toBe(0)
    expect((await put('/pub/a.bin', second)).status).toBe(201)
    const answer = await get('/pub/a.bin')
    expect(answer.headers.etag).toBe(`"${Buffer.from(await blake3(second)).toString('base64')}"`)
    expect((await del('/pub/a.bin')).status).toBe(204)
    const pool = createPool(url, { max: 2, name: 'test' })
    const store = await openBlobs(completeConfig({ ...config, databaseUrl: url }), pool)
    const left = async () => {
      const keys: string[] = []
      for await (const { key } of store.list({ limit: 10 })) keys.push(key)
      return keys
    }
    await expect.poll(left).toEqual([])
    await store[Symbol.asyncDispose]()
    await pool.end()
  })

  test('a process that is killed between blob and commit leaves nothing that can be reached', async () => {
    const { url, config } = await world(kind)
    const pool = createPool(url, { max: 2, name: 'test' })
    await using server = await startTestServer(url, { config })
    const { who, auth, put, get } = await settle(server)
    await put('/pub/kept.bin', randomBytes(BIG))
    // Nobody commits while this lock is held: the upload gets as far as its blob.
    const blocker = await pool.connect()
    await blocker.query("select pg_advisory_lock(x'6576656e74730000'::bigint)")
    const child = spawnServer(url, config)
    const http = await ready(child)
    const upload = fetch(`${http}/storage/${who.key}/pub/lost.bin`, {
      method: 'PUT',
      headers: auth,
      body: randomBytes(BIG),
    }).catch(() => null)
    const store = await openBlobs(completeConfig({ ...config, databaseUrl: url }), pool)
    const blobs = async () => {
      let count = 0
      for await (const _ of store.list({ limit: 10 })) count += 1
      return count
    }
    await expect.poll(blobs).toBe(2)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const waiting =
      "from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
    await blocker.query(`select pg_terminate_backend(pid) ${waiting}`)
    const gone = async () => (await blocker.query(`select 1 ${waiting}`)).rowCount
    await expect.poll(gone).toBe(0)
    await blocker.query("select pg_advisory_unlock(x'6576656e74730000'::bigint)")
    blocker.release()
    await upload
    expect((await get('/pub/lost.bin')).status).toBe(404)
    expect((await get('/pub/kept.bin')).body.length).toBe(BIG)
    const log = { info() {}, warn() {} } as never
    const collect = (nowMs: () => number) => collectOrphans({ pool, blobs: store, log, nowMs })
    expect(await collect(() => Date.now())).toBe(0)
    expect(await collect(() => Date.now() + 25 * 3_600_000)).toBe(1)
    expect(await blobs()).toBe(1)
    expect((await get('/pub/kept.bin')).body.length).toBe(BIG)
    await store[Symbol.asyncDispose]()
    await pool.end()
  })
})

test('while the bucket is away small files go on, large ones are asked to come again, and nothing is lost', async () => {
  const { url, config } = await world('s3')
  const broken = { isOn: false }
  const away: typeof fetch = async (...args) => {
    if (broken.isOn) throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } })
    return fetch(...args)
  }
  const blobs = createS3BlobStore({
    endpoint: config.s3Endpoint ?? '',
    region: config.s3Region ?? '',
    accessKeyId: config.s3AccessKeyId ?? '',
    secretAccessKey: config.s3SecretAccessKey ?? '',
    spoolDir: join(dir, 'spool'),
    fetch: away,
  })
  await using server = await startTestServer(url, { config, deps: { blobs } })
  const { put, get, events } = await settle(server)
  const body = randomBytes(BIG)
  await put('/pub/a.bin', body)
  broken.isOn = true
  for (const answer of [
    await put('/pub/b.bin', body),
    await get('/pub/a.bin'),
    await get('/pub/a.bin', { range: 'bytes=5-9' }),
  ]) {
    expect([answer.status, answer.text]).toEqual([503, 'The blob store cannot be reached'])
    expect(answer.headers).toMatchObject({ 'retry-after': '1', 'content-length': '32' })
    for (const name of ['etag', 'last-modified', 'content-range'])
      expect(answer.headers).not.toHaveProperty(name)
  }
  expect((await put('/pub/small.txt', 'x')).status).toBe(201)
  broken.isOn = false
  expect((await get('/pub/a.bin')).body.equals(body)).toBe(true)
  expect((await get('/pub/b.bin')).status).toBe(404)
  expect(await events()).toHaveLength(2)
})

const NO_BUCKET = {
  s3Endpoint: '',
  s3Region: 'auto',
  s3AccessKeyId: '',
  s3SecretAccessKey: '',
}

// The server knows nothing of the bucket: the command tells it.
test.each([
  ['files', 'lmdb'],
  ['postgres', 's3'],
] as const)(
  'a live server goes on without one failure while its blobs are moved from %s to %s, though the command is killed',
  async (from, to) => {
    const { url, config } = await world(from)
    const before = { ...config, ...NO_BUCKET }
    const live = await startTestServer(url, { config: before })
    const { who, auth, put } = await settle(live)
    const bodies = new Map<string, Buffer>()
    const at = (path: string) => `/storage/${who.key}${path}`
    const write = async (path: string, body: Buffer) => {
      const { status } = await live.call('PUT', at(path), { headers: auth, body })
      expect([path, status]).toEqual([path, 201])
      bodies.set(path, body)
    }
    for (let i = 0; i < FILES; i += 1) await write(`/pub/${i}.bin`, randomBytes(20_000 + i))
    const stop = new AbortController()
    const check = async (server: TestServer, path: string) => {
      const { status, body } = await server.call('GET', at(path))
      const isRight = body.equals(bodies.get(path) ?? Buffer.alloc(0))
      expect([path, status, isRight]).toEqual([path, 200, true])
    }
    const reading = (async () => {
      let count = 0
      for (; !stop.signal.aborted; count += 1)
        await check(live, [...bodies.keys()][(count * 17) % bodies.size] ?? '')
      return count
    })()
    const writing = (async () => {
      let count = 0
      for (; !stop.signal.aborted; count += 1) {
        await write(`/pub/new-${count % 20}-${count}.bin`, randomBytes(20_000 + count))
        await put('/pub/replaced.bin', randomBytes(20_000 + count))
        await sleep(20)
      }
      return count
    })()
    // It began before and ends only when everything else was moved.
    const late = new PassThrough()
    const lateBody = randomBytes(BIG)
    late.write(lateBody.subarray(0, 50_000))
    const lateHeaders = { ...auth, 'transfer-encoding': 'chunked' }
    const lateAnswer = live.call('PUT', at('/pub/late.bin'), { headers: lateHeaders, body: late })

    const moving = { ...config, blobStore: to, blobStoreFrom: from }
    const killed = spawnBin('move-blobs.ts', url, moving)
    for await (const chunk of killed.stdout ?? []) if (String(chunk).includes(' MB')) break
    killed.kill('SIGKILL')
    const mover = spawnBin('move-blobs.ts', url, moving)
    let told = ''
    mover.stdout?.on('data', (chunk: Buffer) => {
      told += chunk
      if (told.includes('Waiting for 1 uploads') && !late.writableEnded)
        late.end(lateBody.subarray(50_000))
    })
    const [code] = await once(mover, 'exit')
    expect((await lateAnswer).status).toBe(201)
    bodies.set('/pub/late.bin', lateBody)
    stop.abort()
    expect([code, told]).toEqual([0, expect.stringContaining(`from ${from} to ${to}`)])
    if (from === 'files') {
      const names = await readdir(join(config.dataDir ?? '', 'blobs'), { recursive: true })
      expect(names.filter((name) => name.includes('.'))).toEqual([])
    }
    expect(await reading).toBeGreaterThan(10)
    expect(await writing).toBeGreaterThan(2)
    const advised = async (server: TestServer) => {
      const headers = { 'x-admin-password': 'admin' }
      const { text } = await server.admin('GET', '/stats', { headers })
      return JSON.parse(text).settings
    }
    expect(await advised(live)).toMatchObject({
      blob_store: to,
      blob_store_from: null,
      blob_store_advice: expect.stringContaining(`BLOB_STORE=${to}`),
    })
    for (const path of bodies.keys()) await check(live, path)
    await live[Symbol.asyncDispose]()

    const after = { ...config, blobStore: to }
    for (const settings of [before, { ...after, blobStoreFrom: from }, after]) {
      await using server = await startTestServer(url, { config: settings })
      for (const path of bodies.keys()) await check(server, path)
      const isLeft = settings !== after
      expect((await advised(server)).blob_store_advice !== null).toBe(isLeft)
    }
    const third = { ...config, blobStore: from === 'files' ? 'postgres' : 'files' } as const
    await expect(startTestServer(url, { config: third })).rejects.toThrow(`The blobs lie in ${to}`)
  },
)

test('a move that a server cannot follow changes nothing', async () => {
  const { url, config } = await world('files')
  await using live = await startTestServer(url, { config })
  const { put, get } = await settle(live)
  const body = randomBytes(BIG)
  await put('/pub/a.bin', body)
  const elsewhere = await mkdtemp(join(dir, 'data-'))
  const moving = {
    ...config,
    dataDir: elsewhere,
    blobStore: 'lmdb',
    blobStoreFrom: 'files',
  } as const
  const mover = spawnBin('move-blobs.ts', url, moving, ['ignore', 'ignore', 'pipe', 'ipc'])
  let said = ''
  mover.stderr?.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const [code] = await once(mover, 'exit')
  expect([code, said]).toEqual([
    1,
    expect.stringContaining('it has another lmdb and another files'),
  ])
  expect((await get('/pub/a.bin')).body.equals(body)).toBe(true)
  expect((await put('/pub/b.bin', body)).status).toBe(201)
  await using again = await startTestServer(url, { config })
  expect((await again.call('GET', '/info')).status).toBe(200)
})

test.each([
  ['files', 'postgres'],
  ['postgres', 's3'],
  ['s3', 'lmdb'],
  ['lmdb', 'files'],
] as const)('moves from %s to %s, and all is there', async (from, to) => {
  const { url, config } = await world(from)
  const settings = (blobStore: BlobStoreKind) =>
    completeConfig({ ...config, databaseUrl: url, blobStore })
  const pool = createPool(url, { max: 2, name: 'test' })
  const source = await openBlobs(settings(from), pool)
  const target = await openBlobs(settings(to), pool)
  const bodies = new Map(
    Array.from({ length: 8 }, (_, i) => [`blob-000${i}`, randomBytes(700_000 * (i % 3) + i)]),
  )
  for (const [key, body] of bodies) {
    const writer = await source.begin(key)
    await writer.write(body)
    await writer.finish()
  }
  expect((await moveBlobs({ from: source, to: target })).blobs).toBe(8)
  for (const [key, body] of bodies) {
    expect((await target.stat(key))?.blake3).toEqual(await blake3(body))
    expect(await source.stat(key)).toBeNull()
  }
  await source[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
  await pool.end()
})

const SETTINGS = {
  blobStore: 'BLOB_STORE',
  blobStoreFrom: 'BLOB_STORE_FROM',
  dataDir: 'DATA_DIR',
  secretSeed: 'SECRET_SEED',
  s3Endpoint: 'S3_ENDPOINT',
  s3Region: 'S3_REGION',
  s3AccessKeyId: 'S3_ACCESS_KEY_ID',
  s3SecretAccessKey: 'S3_SECRET_ACCESS_KEY',
} as const

function spawnBin(
  name: string,
  url: string,
  config: Partial<HomeserverConfig>,
  stdio: StdioOptions = ['ignore', 'pipe', 'inherit', 'ipc'],
): ChildProcess {
  const given = Object.entries(SETTINGS).map(([key, env]) => [
    env,
    String(config[key as 'dataDir']),
  ])
  const args = ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'bin', name)]
  return spawn(process.execPath, args, {
    stdio,
    env: { ...process.env, ...Object.fromEntries(given), DATABASE_URL: url },
  })
}

/** A server in a process of its own, whose record nobody needs. */
function spawnServer(url: string, config: Partial<HomeserverConfig>): ChildProcess {
  return spawnBin('../testing/process.ts', url, { blobStoreFrom: 'none', ...config })
}

async function ready(child: ChildProcess): Promise<string> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [{ ready?: { http: string } }]
    if (message.ready) return message.ready.http
  }
}
