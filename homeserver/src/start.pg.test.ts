import { createTestDatabase } from '@pubky/testkit/pg'
import { expect, test } from 'vitest'
import { oneServer } from './testing/fixture.ts'
import { openEvents } from './testing/http.ts'
import { cookieSignUp, grantSignIn, grantSignUp, makeGrant, person } from './testing/people.ts'
import { MIGRATIONS, startTestServer } from './testing/server.ts'

const { database, server } = await oneServer()

// covers 11.1.1, 11.1.38c, 11.2.1n
test('a person signs up with a cookie, writes, reads, lists and deletes, and the feed tells it', async () => {
  const who = person()
  const cookie = await cookieSignUp(server, who)
  expect(cookie).toMatch(new RegExp(`^${who.key}=[0-9A-Z]{26}$`))
  const headers = { 'pubky-host': who.key, cookie }
  const reader = { 'pubky-host': who.key }

  const session = await server.call('GET', '/session', { headers })
  expect(session.status).toBe(200)
  const put = await server.call('PUT', '/pub/app/hello.txt', { headers, body: 'hello' })
  expect([put.status, put.text]).toEqual([201, ''])
  const get = await server.call('GET', '/pub/app/hello.txt', { headers: reader })
  expect([get.status, get.text]).toEqual([200, 'hello'])
  expect(get.headers).toMatchObject({
    etag: '"6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8="',
    'content-type': 'text/plain',
    'content-length': '5',
    'cache-control': 'private, must-revalidate',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
  })
  const head = await server.call('HEAD', '/pub/app/hello.txt', { headers: reader })
  expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '5', ''])
  const list = await server.call('GET', '/pub/app/', { headers: reader })
  expect([list.status, list.text]).toEqual([200, `pubky://${who.key}/pub/app/hello.txt`])

  const removed = await server.call('DELETE', '/pub/app/hello.txt', { headers })
  expect([removed.status, removed.text]).toEqual([204, ''])
  expect((await server.call('GET', '/pub/app/hello.txt', { headers: reader })).status).toBe(404)
  const feed = await server.call('GET', '/events/')
  expect(feed.text).toMatch(
    new RegExp(
      `^PUT pubky://${who.key}/pub/app/hello.txt\nDEL pubky://${who.key}/pub/app/hello.txt\ncursor: \\d+$`,
    ),
  )
})

// covers 11.1.10
test('a person signs up by grant, opens a session and writes, and the live feed shows it', async () => {
  using live = await openEvents(server.running.urls.http, '/events/?cursor=0', {
    accept: 'text/event-stream',
  })
  expect(live.headers['content-type']).toBe('text/event-stream')
  const before = (await server.call('GET', '/events/?limit=1000')).text.split('\n').length - 1
  const who = person()
  await grantSignUp(server, who)
  const authorization = await grantSignIn(server, await makeGrant(server, who))
  const put = await server.call('PUT', `/storage/${who.key}/pub/a.json`, {
    headers: { authorization },
    body: '{"a":1}',
  })
  expect(put.status).toBe(201)
  const frames = await live.frames(before + 1)
  expect(frames.at(-1)).toMatch(
    new RegExp(
      `^event: PUT\ndata: pubky://${who.key}/pub/a.json\ndata: cursor: \\d+\ndata: content_hash: 1ZtlYtfJsSG8l2CHPXh4kO9NQpqtM6cLQFuqD6CKH1M=$`,
    ),
  )
})

test('the record of the server names its port before anybody is served', () => {
  expect(server.published).toHaveLength(1)
  expect(server.published[0]?.publicKey).toBe(server.running.publicKey)
})

test('a server whose record nobody takes serves nevertheless, tells it, and tries again', async () => {
  const published: unknown[] = []
  let isAway = true
  const pkarr = {
    resolve: async () => null,
    async publish(packet: unknown) {
      if (isAway) throw new TypeError('no relay answers')
      published.push(packet)
      return { stored: 1 }
    },
  }
  await using other = await startTestServer(database.url, { deps: { pkarr } })
  expect((await other.call('GET', '/')).status).toBe(200)
  const own = async () => {
    const headers = { 'x-admin-password': 'admin' }
    return JSON.parse((await other.admin('GET', '/stats', { headers })).text).publishing.own
  }
  expect(await own()).toMatchObject({ lastMs: null, failure: 'no relay answers' })
  isAway = false
  await expect.poll(() => published.length).toBe(1)
  expect((await own()).lastMs).toBeGreaterThan(0)
})

test('blobs that nobody names are collected although ended grants cannot be forgotten', async () => {
  const own = await createTestDatabase(MIGRATIONS)
  try {
    await own.pool.query(`
      create function fail() returns trigger language plpgsql as $$ begin raise 'broken'; end $$;
      create trigger broken before delete on grants execute function fail();
      insert into orphan_candidates (blob_key, since) values ('a', now() - interval '1 day')`)
    await using _ = await startTestServer(own.url)
    await expect
      .poll(async () => (await own.pool.query('select from orphan_candidates')).rowCount)
      .toBe(0)
  } finally {
    await own[Symbol.asyncDispose]()
  }
})
