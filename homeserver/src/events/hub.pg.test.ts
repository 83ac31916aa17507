import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type PublicKeyZ32, publicKeyBytes, type StoragePath } from '@pubky/protocol'
import { createFileBlobStore, createLogger, createPool } from '@pubky/server-kit'
import { expect, test, vi } from 'vitest'
import { createAlone } from '../entries/alone.ts'
import type { Put } from '../entries/commit.ts'
import { createWriter } from '../entries/writer.ts'
import { oneServer } from '../testing/fixture.ts'
import { settle } from '../testing/people.ts'
import { createEventHub, type EventHub } from './hub.ts'
import { type EventRow, eventsAfter } from './rows.ts'

const { database, server } = await oneServer()

function openHub() {
  return createEventHub({
    pool: database.pool,
    url: database.url,
    log: createLogger('test'),
    onNotice: () => {},
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
  await expect.poll(() => hub.head).toBe(before + 1n)
  expect(hub.floor).toBe(before + 1n)
  // Who comes with an older cursor has to look into the table.
  expect(hub.after(before, 10)).toBeNull()
  expect(hub.after(hub.head, 10)).toEqual([])
  const from = hub.head
  const waiting = hub.wait(from, AbortSignal.timeout(120_000))
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
  const waiting = hub.wait(from, AbortSignal.timeout(120_000))
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

/** A writer that tells a hub at once, over connections of their own, as each process has them. */
function openProcess() {
  const pool = createPool(database.url, { max: 4 })
  const log = createLogger('test')
  const hub = createEventHub({ pool, url: database.url, log, onNotice: () => {}, onGap: () => {} })
  const blobs = createFileBlobStore({ dir: server.dataDir })
  const writer = createWriter({
    pool,
    blobs,
    log,
    alone: createAlone({ pool, log, mayClaim: () => false }),
    onCommit: () => hub.committing(),
  })
  const close = async () => {
    await writer[Symbol.asyncDispose]()
    await hub[Symbol.asyncDispose]()
    await pool.end()
  }
  return { pool, hub, writer, [Symbol.asyncDispose]: close }
}

async function ownerId(key: PublicKeyZ32): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select id::text from users where key = $1',
    [Buffer.from(publicKeyBytes(key))],
  )
  return rows[0]?.id ?? ''
}

function putOf(owner: PublicKeyZ32, userId: string, path: string): Put {
  return {
    kind: 'PUT',
    owner,
    userId,
    path: path as StoragePath,
    proof: { timestamp: nextTime(), bytes: randomBytes(700), delegate: null },
    createOnly: false,
    matches: null,
    hash: randomBytes(32),
    size: 4,
    contentType: 'text/plain',
    inline: Buffer.from('body'),
    blobKey: null,
    policy: null,
  }
}

let time = 1n
function nextTime(): bigint {
  time += 1n
  return time
}

/** Everything that a reader of the hub sees until `until` says so. */
async function follow(hub: EventHub, from: bigint, until: () => boolean): Promise<EventRow[]> {
  const seen: EventRow[] = []
  let cursor = from
  while (!until() || cursor < hub.head) {
    for (const event of hub.after(cursor, 50) ?? []) {
      seen.push(event)
      cursor = event.id
    }
    await hub.wait(cursor, AbortSignal.timeout(50))
  }
  return seen
}

test('what processes tell themselves and what they read of each other is the log, event by event', async () => {
  const { who } = await settle(server)
  const userId = await ownerId(who.key)
  await using here = openProcess()
  await using there = openProcess()
  await Promise.all([here.hub.ready, there.hub.ready])
  const from = here.hub.head
  expect(there.hub.head).toBe(from)
  let isWriting = true
  const readers = [here, there].map(({ hub }) => follow(hub, from, () => !isWriting))
  await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      const { writer } = n % 3 === 0 ? there : here
      await writer.commit(putOf(who.key, userId, `/pub/both/${n % 40}`))
      // Some of the writes are refused, and take no id.
      if (n % 5 === 0)
        await writer.commit({ ...putOf(who.key, userId, `/pub/both/${n % 40}`), createOnly: true })
    }),
  )
  const log = await eventsAfter(database.pool, from, 1000)
  await expect.poll(() => [here.hub.head, there.hub.head]).toEqual([log.at(-1)?.id, log.at(-1)?.id])
  isWriting = false
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(log)
})

test('a process alone reads nothing back of what it wrote', async () => {
  const { who } = await settle(server)
  const userId = await ownerId(who.key)
  await using process = openProcess()
  const { hub, pool, writer } = process
  await hub.ready
  using _ = hub.readContents()
  const from = hub.head
  const query = vi.spyOn(pool, 'query')
  const waiting = hub.wait(from, AbortSignal.timeout(120_000))
  const put = putOf(who.key, userId, '/pub/alone')
  await Promise.all([
    writer.commit(put),
    waiting.then(() => {
      const [event] = hub.after(from, 10) ?? []
      expect(event).toMatchObject({ id: from + 1n, kind: 'PUT', user: who.key, path: put.path })
      expect(event && hub.contentsAfter(from)?.get(event)?.toString()).toBe('body')
    }),
  ])
  for (let n = 0; n < 20; n += 1) await writer.commit(putOf(who.key, userId, `/pub/lonely/${n}`))
  expect(hub.head).toBe(from + 21n)
  const names = query.mock.calls.map(
    ([statement]) => (statement as unknown as { name: string }).name,
  )
  const answers = await Promise.all(
    query.mock.results.map(({ value }) => value as Promise<unknown>),
  )
  const readBack = answers.flatMap((answer, call) =>
    names[call] === 'commit_writes' ? [] : (answer as { rows: object[] }).rows,
  )
  // Once a second it looks whether a notice was lost, and may meet what is being committed.
  expect(readBack.length).toBeLessThan(15)
})
