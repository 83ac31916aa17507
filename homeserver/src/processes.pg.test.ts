import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { toHex } from '@pubky/protocol'
import { type BlobStore, createFileBlobStore } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HomeserverConfig } from './config.ts'
import { createCaller, openEvents } from './testing/http.ts'
import { cookieSignUp, person, settle } from './testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from './testing/server.ts'

const ADMIN = { 'x-admin-password': 'admin', 'content-type': 'application/json' }

let database: TestDatabase
let dataDir = ''
let shared: Partial<HomeserverConfig>
let a: TestServer
let b: TestServer

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  dataDir = await mkdtemp(join(tmpdir(), 'pubky-processes-'))
  shared = { dataDir, secretSeed: toHex(randomBytes(32)) }
  ;[a, b] = await Promise.all([
    startTestServer(database.url, { config: shared }),
    startTestServer(database.url, { config: shared }),
  ])
})

afterAll(async () => {
  await a?.[Symbol.asyncDispose]()
  await b?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

/** Waits for what other processes learn by a notice. */
async function eventually(check: () => Promise<unknown>, expected: unknown): Promise<void> {
  await expect.poll(check).toEqual(expected)
}

test('what one process took in the other serves, bodies of both sizes', async () => {
  const { who, put } = await settle(a)
  const large = randomBytes(300_000)
  await put('/pub/small.txt', 'small')
  await put('/pub/large.bin', large)
  expect((await b.call('GET', `/storage/${who.key}/pub/small.txt`)).text).toBe('small')
  const answer = await b.call('GET', `/storage/${who.key}/pub/large.bin`)
  expect(Buffer.compare(answer.body, large)).toBe(0)
})

test('a live stream of one tells what people write to the other, in one order', async () => {
  const people = [await settle(a), await settle(b)]
  const query = people.map(({ who }) => `user=${who.key}`).join('&')
  const open = (server: TestServer) =>
    openEvents(server.running.urls.http, `/events-stream?live=true&${query}`)
  using atA = await open(a)
  using atB = await open(b)
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => people[i % 2]?.put(`/pub/${i}.txt`, String(i))),
  )
  const [fromA, fromB] = await Promise.all([atA.frames(40), atB.frames(40)])
  expect(fromA).toEqual(fromB)
  const ids = fromA.map((frame) => Number(/cursor: (\d+)/.exec(frame)?.[1]))
  expect(ids).toEqual([...ids].sort((x, y) => x - y))
})

test('a session of one holds at the other, and ends at both', async () => {
  const who = person()
  const cookie = await cookieSignUp(a, who)
  const headers = { 'pubky-host': who.key, cookie }
  const at = (server: TestServer) => server.call('GET', '/session', { headers })
  expect((await at(b)).status).toBe(200)
  await a.call('DELETE', '/session', { headers })
  await eventually(async () => (await at(b)).status, 404)
})

test('limits and locks that are set at one hold at the other', async () => {
  const { who, auth } = await settle(a)
  const put = async (path: string) =>
    (await b.call('PUT', `/storage/${who.key}${path}`, { headers: auth, body: 'x' })).status
  expect(await put('/pub/a.txt')).toBe(201)
  await a.admin('POST', `/users/${who.key}/disable`, { headers: ADMIN })
  await eventually(() => put('/pub/b.txt'), 403)
  await a.admin('POST', `/users/${who.key}/enable`, { headers: ADMIN })
  await eventually(() => put('/pub/b.txt'), 201)
  const body = JSON.stringify({ allowed_write_paths: ['/pub/app/'] })
  await a.admin('PATCH', `/users/${who.key}/quota`, { headers: ADMIN, body })
  await eventually(() => put('/pub/c.txt'), 403)
  expect(await put('/pub/app/c.txt')).toBe(201)
})

test('a rate is that of all processes together: each counts what the other let through', async () => {
  const limited = { config: { ...shared, rateLimits: 'GET /events/ 4r/m ip' }, isStill: true }
  await using c = await startTestServer(database.url, limited)
  await using d = await startTestServer(database.url, limited)
  const ask = (server: TestServer) => server.call('GET', '/events/')
  const answers = await Promise.all([c, d, c, d, c, d, c, d, c, d].map(ask))
  const passed = answers.filter(({ status }) => status === 200).length
  expect(passed).toBeGreaterThanOrEqual(4)
  // What was too much before they knew is waited for, at both.
  const waits = async () => {
    const refused = await Promise.all([c, d].map(ask))
    return refused.map(({ status, headers }) => [status, Number(headers['retry-after'])])
  }
  const seconds = (passed - 3) * 15
  await eventually(waits, [
    [429, seconds],
    [429, seconds],
  ])
  for (const server of [c, d]) server.travel(seconds)
  expect((await ask(c)).status).toBe(200)
})

/** A store that hangs when its blobs are listed, as they are in the background. */
function hangingStore(onBegin: () => void): BlobStore {
  const blobs = createFileBlobStore({ dir: join(dataDir, 'hanging') })
  return {
    ...blobs,
    begin(key) {
      onBegin()
      return blobs.begin(key)
    },
    async *list() {
      await new Promise(() => {})
    },
  }
}

// Eight of the ten seconds that a stop may take are for requests; what never ends does not end this test.
test('a stop lets requests finish, takes no new ones, and ends whatever hangs', async () => {
  let begun = 0
  const blobs = hangingStore(() => {
    begun += 1
  })
  const c = await startTestServer(database.url, { config: shared, deps: { blobs } })
  const { who, auth } = await settle(c)
  const upload = (path: string) => {
    const body = new PassThrough()
    body.write(randomBytes(20_000))
    const headers = { ...auth, 'transfer-encoding': 'chunked' }
    return { body, answer: c.call('PUT', `/storage/${who.key}${path}`, { headers, body }) }
  }
  const [slow, stuck] = [upload('/pub/slow.bin'), upload('/pub/stuck.bin')]
  const stuckFailed = expect(stuck.answer).rejects.toThrow()
  await expect.poll(() => begun).toBe(2)
  const closed = c.running.close()
  const late = createCaller(c.running.urls.http)
  const isRefused = () =>
    late('GET', '/').then(
      () => false,
      () => true,
    )
  await expect.poll(isRefused, { interval: 10 }).toBe(true)
  slow.body.end(randomBytes(20_000))
  expect((await slow.answer).status).toBe(201)
  await closed
  await stuckFailed
  const head = await a.call('HEAD', `/storage/${who.key}/pub/slow.bin`)
  expect(head.headers['content-length']).toBe('40000')
  expect((await a.call('GET', `/storage/${who.key}/pub/stuck.bin`)).status).toBe(404)
  await late[Symbol.asyncDispose]()
  await c[Symbol.asyncDispose]()
})
