import { setImmediate as turn } from 'node:timers/promises'
import { createLogger } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'
import { createEventHub } from './hub.ts'

let database: TestDatabase
let server: TestServer

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  server = await startTestServer(database.url)
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

function openHub() {
  return createEventHub({
    pool: database.pool,
    url: database.url,
    log: createLogger('test'),
    onAuth: () => {},
    onGap: () => {},
  })
}

// covers 11.2.8g
test('events are read into memory only while somebody asks for them', async () => {
  const ann = await settle(server)
  await using hub = openHub()
  await hub.ready
  const before = hub.head
  await ann.put('/pub/unread', 'x')
  await vi.waitFor(() => expect(hub.head).toBe(before + 1n))
  expect(hub.floor).toBe(before + 1n)
  // Who comes with an older cursor has to look into the table.
  expect(hub.after(before, 10)).toBeNull()
  expect(hub.after(hub.head, 10)).toEqual([])
  const from = hub.head
  const waiting = hub.wait(from, AbortSignal.timeout(10_000))
  await ann.put('/pub/read', 'x')
  await waiting
  expect(hub.after(from, 10)?.map(({ path }) => path)).toEqual(['/pub/read'])
})

test('bodies are there for those who waited for the event, and then no more', async () => {
  const ann = await settle(server)
  await using hub = openHub()
  await hub.ready
  using _ = hub.readContents()
  const from = hub.head
  const waiting = hub.wait(from, AbortSignal.timeout(10_000))
  await Promise.all([
    ann.put('/pub/a', 'body'),
    waiting.then(() => {
      const event = hub.after(from, 10)?.find(({ path }) => path === '/pub/a')
      expect(event && hub.contentsAfter(from)?.get(event)?.toString()).toBe('body')
      expect(hub.contentsAfter(from - 1n)).toBeNull()
    }),
  ])
  await turn()
  expect(hub.contentsAfter(from)).toBeNull()
})
