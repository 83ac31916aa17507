import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { type PublicKeyZ32, publicKeyBytes, toHex } from '@pubky/protocol'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'

const MB = 1024 * 1024
const ADMIN = { 'x-admin-password': 'admin', 'content-type': 'application/json' }

let database: TestDatabase
let dataDir = ''
let a: TestServer
let b: TestServer

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  dataDir = await mkdtemp(join(tmpdir(), 'pubky-quota-'))
  const config = { dataDir, secretSeed: toHex(randomBytes(32)), defaultQuotaMb: 1 }
  a = await startTestServer(database.url, { config })
  b = await startTestServer(database.url, { config })
})

afterAll(async () => {
  await a?.[Symbol.asyncDispose]()
  await b?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

function setQuota(key: string, storage_quota_mb: unknown) {
  const body = JSON.stringify({ storage_quota_mb })
  return a.admin('PATCH', `/users/${key}/quota`, { headers: ADMIN, body })
}

/** What is charged to an account, and what it really has. */
async function used(
  key: PublicKeyZ32,
): Promise<{ charged: number; stored: number; files: number }> {
  const { rows } = await database.pool.query<{ used: string; stored: string; files: string }>(
    `select u.used_bytes as used, count(e.path) as files, coalesce(sum(e.size + 256), 0) as stored
     from users u left join entries e on e.user_id = u.id
     where u.key = $1 group by u.id`,
    [Buffer.from(publicKeyBytes(key))],
  )
  const [row] = rows
  return { charged: Number(row?.used), stored: Number(row?.stored), files: Number(row?.files) }
}

// covers 11.1.50
test('a megabyte holds a megabyte, and 256 bytes of each file count', async () => {
  const { who, put, del } = await settle(a)
  const status = async (path: string, size: number) =>
    (await put(path, new Uint8Array(size))).status
  expect(await status('/pub/data', 600_000)).toBe(201)
  expect(await status('/pub/data', 600_000)).toBe(201)
  const full = await put('/pub/data2', new Uint8Array(600_000))
  expect([full.status, full.text]).toEqual([507, 'Disk space quota exceeded'])
  expect(await status('/pub/data', 1_100_000)).toBe(507)
  expect((await del('/pub/data')).status).toBe(204)
  expect(await status('/pub/data3', MB - 256)).toBe(201)
  expect(await status('/pub/data3', 1025 * 1024 - 256)).toBe(507)
  expect(await status('/pub/empty', 0)).toBe(507)
  expect(await status('/pub/data3', 5)).toBe(201)
  expect(await used(who.key)).toEqual({ charged: 261, stored: 261, files: 1 })
})

test('a body without a length is refused, too, and leaves nothing behind', async () => {
  const { who, auth } = await settle(a)
  const parts = Array.from({ length: 30 }, () => new Uint8Array(50_000))
  const answer = await a.call('PUT', `/storage/${who.key}/pub/long.bin`, {
    headers: { ...auth, 'transfer-encoding': 'chunked' },
    body: Readable.from(parts),
  })
  expect(answer.status).toBe(507)
  expect(await used(who.key)).toEqual({ charged: 0, stored: 0, files: 0 })
  const orphans = await database.pool.query('select 1 from orphan_candidates')
  expect(orphans.rowCount).toBe(0)
})

test('a body without a length and without an end is refused when it cannot fit any more', async () => {
  const { who, auth } = await settle(a)
  async function* endless() {
    // The sender is in this process, too, and would not come to read the answer.
    for (;;) yield await turn(new Uint8Array(50_000))
  }
  const body = Readable.from(endless(), { objectMode: false })
  body.on('error', () => {})
  const answer = await a.call('PUT', `/storage/${who.key}/pub/endless.bin`, {
    headers: { ...auth, 'transfer-encoding': 'chunked' },
    body,
  })
  body.destroy()
  expect([answer.status, answer.text]).toEqual([507, 'Disk space quota exceeded'])
  expect(await used(who.key)).toEqual({ charged: 0, stored: 0, files: 0 })
})

test('who sends everything before reading still gets the answer', async () => {
  const { who, auth } = await settle(a)
  const { port } = new URL(a.running.urls.http)
  const socket = connect(Number(port), '127.0.0.1')
  const headers = Object.entries({ host: 'localhost', ...auth, 'transfer-encoding': 'chunked' })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`PUT /storage/${who.key}/pub/long.bin HTTP/1.1\r\n${lines}\r\n`)
  const size = 64 * MB
  socket.write(`${size.toString(16)}\r\n`)
  socket.write(new Uint8Array(size))
  await new Promise((resolve) => socket.write('\r\n0\r\n\r\n', resolve))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(answer.toString()).toMatch(/^HTTP\/1.1 507 /)
})

test('a limit below what is stored lets people shrink and delete, and nothing grow', async () => {
  const { who, put, del } = await settle(a)
  await put('/pub/a', new Uint8Array(300_000))
  await put('/pub/b', new Uint8Array(300_000))
  await setQuota(who.key, 0)
  expect((await put('/pub/a', new Uint8Array(300_001))).status).toBe(507)
  expect((await put('/pub/c', 'x')).status).toBe(507)
  expect((await put('/pub/a', new Uint8Array(299_999))).status).toBe(201)
  expect((await del('/pub/b')).status).toBe(204)
  await setQuota(who.key, 'unlimited')
  expect((await put('/pub/d', new Uint8Array(2 * MB))).status).toBe(201)
})

test.each([
  ['blobs', 100 * 1024, 10],
  ['bodies in rows', 16 * 1024, 63],
])(
  'parallel writes of %s to two processes never exceed the last free megabyte, and fill it',
  async (_, size, fits) => {
    const { who, auth } = await settle(a)
    const count = size > 20_000 ? 20 : 120
    const answers = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        [a, b][i % 2]?.call('PUT', `/storage/${who.key}/pub/${i}.bin`, {
          headers: auth,
          body: new Uint8Array(size).fill(i),
        }),
      ),
    )
    const statuses = answers.map((answer) => answer?.status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(fits)
    expect(statuses.filter((status) => status === 507)).toHaveLength(count - fits)
    const { charged, stored, files } = await used(who.key)
    expect([files, stored]).toEqual([fits, fits * (size + 256)])
    expect(charged).toBe(stored)
    expect(charged).toBeLessThanOrEqual(MB)
  },
)

test('overwriting, growing, shrinking and deleting at once keep the account right', async () => {
  const { who, auth } = await settle(a)
  const target = (i: number) => `/storage/${who.key}/pub/${i % 13}.bin`
  await Promise.all(
    Array.from({ length: 300 }, (_, i) => {
      const server = [a, b][i % 2]
      if (i % 5 === 4) return server?.call('DELETE', target(i), { headers: auth })
      const body = new Uint8Array(((i * 7919) % 160) * 1024)
      return server?.call('PUT', target(i), { headers: auth, body })
    }),
  )
  const { charged, stored } = await used(who.key)
  expect(charged).toBe(stored)
  expect(charged).toBeLessThanOrEqual(MB)
})

/** The head of a file, whose body comes later or never. */
function begin(
  { who, auth }: Pick<Awaited<ReturnType<typeof settle>>, 'who' | 'auth'>,
  path: string,
  length: number | null,
) {
  const { port } = new URL(a.running.urls.http)
  const socket = connect(Number(port), '127.0.0.1')
  const heard = { text: '' }
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    heard.text += bytes
  })
  const size = length === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }
  const headers = Object.entries({ host: 'localhost', ...auth, ...size })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`PUT /storage/${who.key}${path} HTTP/1.1\r\n${lines}\r\n`)
  return { socket, heard }
}

test('what is on its way takes room, too, until it is here or lost', async () => {
  const settled = await settle(a)
  const { put, del } = settled
  await put('/pub/old', new Uint8Array(300_000))
  /** Whether there is room for so much more. */
  const beside = async (size: number) => {
    const { status } = await put('/pub/beside', new Uint8Array(size))
    if (status === 201) await del('/pub/beside')
    return status
  }
  /** Two of which only one has room. */
  async function one(path: string, length: number | null, body: (string | Uint8Array)[] = []) {
    const both = [1, 2].map(() => begin(settled, path, length))
    for (const { socket } of both) for (const part of body) socket.write(part)
    const isRefused = ({ heard }: (typeof both)[0]) => heard.text.startsWith('HTTP/1.1 507 ')
    await expect.poll(() => both.filter(isRefused)).toHaveLength(1)
    const left = both.find((each) => !isRefused(each))
    if (!left) throw new Error('both were refused')
    return left
  }
  const chunk = [`${(500_000).toString(16)}\r\n`, new Uint8Array(500_000)]
  for (const way of [() => one('/pub/new', 600_000), () => one('/pub/new', null, chunk)]) {
    const { socket } = await way()
    expect(await beside(600_000)).toBe(507)
    expect(await beside(100_000)).toBe(201)
    // It takes the place of what is there.
    expect((await put('/pub/old', new Uint8Array(300_000))).status).toBe(201)
    socket.destroy()
    await expect.poll(() => beside(600_000)).toBe(201)
  }
  const { socket, heard } = await one('/pub/old', 900_000)
  socket.write(new Uint8Array(900_000))
  await expect.poll(() => heard.text).toMatch(/^HTTP\/1.1 201 /)
  expect(await beside(100_000)).toBe(201)
  expect((await put('/pub/old', new Uint8Array(MB - 256))).status).toBe(201)
  socket.destroy()
})

test('of many large bodies at once those are refused that have no room, before they come', async () => {
  const settled = await settle(a)
  const many = Array.from({ length: 20 }, (_, i) => begin(settled, `/pub/${i}`, 900_000))
  await expect
    .poll(() => many.filter(({ heard }) => heard.text.startsWith('HTTP/1.1 507 ')))
    .toHaveLength(19)
  const rest = many.find(({ heard }) => heard.text === '')
  rest?.socket.write(new Uint8Array(900_000))
  await expect.poll(() => rest?.heard.text).toMatch(/^HTTP\/1.1 201 /)
  for (const { socket } of many) socket.destroy()
})

test('who may store what they like sends a hundred large bodies at once', async () => {
  const settled = await settle(a)
  await setQuota(settled.who.key, 'unlimited')
  const many = Array.from({ length: 101 }, (_, i) => begin(settled, `/pub/${i}`, 2 * MB))
  const refused = () => many.filter(({ heard }) => heard.text !== '')
  await expect.poll(refused).toHaveLength(1)
  expect(refused()[0]?.heard.text).toMatch(/^HTTP\/1.1 429 [\s\S]*\r\nretry-after: 10\r\n/)
  for (const { socket } of many) socket.destroy()
  await expect
    .poll(async () => (await settled.put('/pub/x', new Uint8Array(2 * MB))).status)
    .toBe(201)
})

test('one write that cannot fit does not keep others out that arrive with it', async () => {
  const { who, auth, put } = await settle(a)
  await put('/pub/most.bin', new Uint8Array(MB - 256 - 6000))
  const sizes = [14_000, 1000, 14_000, 1000, 14_000, 1000]
  const answers = await Promise.all(
    sizes.map((size, i) =>
      a.call('PUT', `/storage/${who.key}/pub/${i}.bin`, {
        headers: auth,
        body: new Uint8Array(size),
      }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([507, 201, 507, 201, 507, 201])
})

test('who has no room left shows up among the refusals', async () => {
  const { who, put } = await settle(a)
  await setQuota(who.key, 0)
  await put('/pub/x.bin', new Uint8Array(20_000))
  await put('/pub/x.txt', 'x')
  const stats = JSON.parse((await a.admin('GET', '/stats', { headers: ADMIN })).text)
  expect(stats.signals.top).toContainEqual(
    expect.objectContaining({ kind: 'quota', key: who.key, count: 2 }),
  )
})

// covers 11.1.40, 11.2.12d
test('the operator overrides collisions, and not the room of an account', async () => {
  const { who, put, get, del } = await settle(a)
  await put('/pub/name', 'file')
  expect((await put('/pub/name/below', 'x')).status).toBe(409)
  const headers = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }
  const dav = (path: string, body: string | Uint8Array) =>
    a.admin('PUT', `/dav/${who.key}${path}`, { headers, body })
  expect((await dav('/pub/name/below', 'child')).status).toBe(201)
  expect((await del('/pub/name')).status).toBe(204)
  expect((await get('/pub/name/below')).text).toBe('child')
  expect((await dav('/pub/huge.bin', new Uint8Array(2 * MB))).status).toBe(500)
  expect((await used(who.key)).files).toBe(1)
})
