import { createTestDatabase } from '@pubky/testkit/pg'
import { describe, expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { openEvents } from '../testing/http.ts'
import {
  authToken,
  cookieSignIn,
  grantSignUp,
  makeGrant,
  person,
  postGrant,
  settle,
} from '../testing/people.ts'
import { MIGRATIONS, startTestServer } from '../testing/server.ts'

const PASSWORD = { 'x-admin-password': 'admin' }
const JSON_TYPE = { 'content-type': 'application/json' }
const TOKEN = /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/

const { database, server } = await oneServer()

function admin(method: string, target: string, json?: unknown) {
  if (json === undefined) return server.admin(method, target, { headers: PASSWORD })
  const headers = { ...PASSWORD, ...JSON_TYPE }
  return server.admin(method, target, { headers, body: JSON.stringify(json) })
}

describe('the password', () => {
  // covers 11.2.12a
  test('is not asked for the greeting, and for everything else', async () => {
    const greeting = await server.admin('GET', '/')
    expect([greeting.status, greeting.text]).toEqual([200, 'Homeserver - Admin Endpoint'])
    for (const [method, target] of [
      ['GET', '/info'],
      ['GET', '/stats'],
      ['GET', '/users'],
      ['GET', '/signup_tokens'],
      ['GET', '/generate_signup_token'],
      ['GET', '/events-stream'],
      ['DELETE', '/webdav/x/pub/a'],
      ['POST', '/users/x/disable'],
      ['PATCH', '/users/x/quota'],
    ] as const) {
      const missing = await server.admin(method, target)
      expect([target, missing.status, missing.text]).toEqual([
        target,
        401,
        'Missing admin password',
      ])
      const headers = { 'x-admin-password': 'wrong' }
      const wrong = await server.admin(method, target, { headers })
      expect([target, wrong.status, wrong.text]).toEqual([target, 401, 'Invalid admin password'])
    }
  })

  test('can be guessed at twenty times; then one waits, and is not even told of the right one', async () => {
    await using other = await startTestServer(database.url, { isStill: true })
    const wrong = { headers: { 'x-admin-password': 'guess' } }
    for (let i = 0; i < 20; i += 1)
      expect((await other.admin('GET', '/info', wrong)).status).toBe(401)
    const limited = await other.admin('GET', '/info', wrong)
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '5'])
    const right = { headers: PASSWORD }
    expect((await other.admin('GET', '/info', right)).status).toBe(429)
    other.travel(5)
    for (let i = 0; i < 30; i += 1)
      expect((await other.admin('GET', '/info', right)).status).toBe(200)
    expect((await other.admin('GET', '/info', wrong)).status).toBe(401)
    expect((await other.admin('GET', '/info', wrong)).status).toBe(429)
  })
})

describe('sign-up tokens', () => {
  // covers 11.2.12b
  test('are made, listed page by page by state, and withdrawn while nobody used them', async () => {
    await database.pool.query('delete from signup_codes')
    await using gated = await startTestServer(database.url, {
      config: { signupMode: 'token_required' },
    })
    const made = await Promise.all(
      Array.from({ length: 5 }, () => admin('GET', '/generate_signup_token')),
    )
    const tokens = made.map(({ text }) => text).sort()
    for (const token of tokens) expect(token).toMatch(TOKEN)
    const who = person()
    const used = await gated.call('POST', `/signup?signup_token=${tokens[2]}`, {
      body: await authToken(gated, who),
    })
    expect(used.status).toBe(200)

    const first = JSON.parse((await admin('GET', '/signup_tokens?limit=2')).text)
    expect(first.items.map(({ token }: { token: string }) => token)).toEqual(tokens.slice(0, 2))
    expect(first.next_cursor).toBe(tokens[1])
    const rest = JSON.parse((await admin('GET', `/signup_tokens?cursor=${first.next_cursor}`)).text)
    expect(rest.items.map(({ token }: { token: string }) => token)).toEqual(tokens.slice(2))
    expect(rest.next_cursor).toBeNull()
    expect(rest.items[0]).toEqual({
      token: tokens[2],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
      used_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
      used_by: who.key,
    })
    const count = async (state: string) =>
      JSON.parse((await admin('GET', `/signup_tokens?state=${state}`)).text).items.length
    expect([await count('all'), await count('used'), await count('unused')]).toEqual([5, 1, 4])
    for (const bad of ['limit=0', 'limit=x', 'state=old', 'cursor=nothing'])
      expect((await admin('GET', `/signup_tokens?${bad}`)).status).toBe(400)

    expect((await admin('DELETE', `/signup_tokens/${tokens[0]}`)).status).toBe(204)
    expect((await admin('DELETE', `/signup_tokens/${tokens[2]}`)).status).toBe(404)
    expect(await count('all')).toBe(4)
  })

  // covers 11.2.5i
  test('carry a quota to the account that is made with them', async () => {
    await using gated = await startTestServer(database.url, {
      config: { signupMode: 'token_required' },
    })
    const quota = { storage_quota_mb: 7, rate_write: '10mb/s', allowed_write_paths: ['/pub/app/'] }
    const token = (await admin('POST', '/generate_signup_token', quota)).text
    const who = person()
    const holder = await makeGrant(gated, who, { clientId: 'pubky.signup', lifetime: 300 })
    const signed = await postGrant(gated, `/auth/grant/signup?signup_token=${token}`, holder)
    expect(signed.status).toBe(204)
    const stored = JSON.parse((await admin('GET', `/users/${who.key}/quota`)).text)
    expect(stored.overrides).toEqual(quota)
  })

  // covers 11.2.10b, 11.2.10c
  test.each([
    [{ storage_quota_mb: -1 }],
    [{ storage_quota_mb: 1.5 }],
    [{ storage_quota_mb: '7' }],
    [{ rate_read: 'fast' }],
    [{ rate_read: '0mb/s' }],
    [{ rate_read_burst: 5 }],
    [{ rate_write: 'unlimited', rate_write_burst: 5 }],
    [{ rate_write: '1mb/s', rate_write_burst: 0 }],
    [{ allowed_write_paths: ['/'] }],
    [{ allowed_write_paths: ['/pub/a', '/pub/a'] }],
    [{ allowed_write_paths: ['pub/a'] }],
    [{ allowed_write_paths: ['/pub/../a'] }],
    [{ something: 1 }],
    [[]],
    ['text'],
  ])('are not made with the quota %j', async (quota) => {
    expect((await admin('POST', '/generate_signup_token', quota)).status).toBe(422)
  })
})

describe('accounts', () => {
  // covers 11.1.6, 11.1.18
  test('that are disabled read, list, delete and sign in, and do not write', async () => {
    const { who, put, del, get } = await settle(server)
    await put('/pub/a.txt', 'a')
    await put('/pub/b.txt', 'b')
    const disabled = await admin('POST', `/users/${who.key}/disable`)
    expect([disabled.status, disabled.text]).toEqual([200, 'Ok'])
    const refused = await put('/pub/c.txt', 'c')
    expect([refused.status, refused.text]).toEqual([403, 'User is disabled'])
    expect((await get('/pub/a.txt')).text).toBe('a')
    expect((await get('/pub/')).text.split('\n')).toHaveLength(2)
    expect((await del('/pub/b.txt')).status).toBe(204)
    const headers = { cookie: await cookieSignIn(server, who), 'pubky-host': who.key }
    const byCookie = (method: string, path: string) =>
      server.call(method, path, { headers, ...(method === 'PUT' && { body: 'c' }) })
    expect((await byCookie('PUT', '/pub/c.txt')).text).toBe('User is disabled')
    expect((await byCookie('GET', '/pub/a.txt')).text).toBe('a')
    expect((await byCookie('DELETE', '/pub/a.txt')).status).toBe(204)
    expect((await admin('POST', `/users/${who.key}/enable`)).text).toBe('Ok')
    expect((await put('/pub/c.txt', 'c')).status).toBe(201)
    expect((await byCookie('PUT', '/pub/d.txt')).status).toBe(201)
  })

  test('that nobody has, and keys that are none, are told apart', async () => {
    const { key } = person()
    for (const action of ['disable', 'enable']) {
      expect((await admin('POST', `/users/${key}/${action}`)).status).toBe(404)
      expect((await admin('POST', `/users/pubky${key}/${action}`)).status).toBe(400)
    }
    expect((await admin('GET', `/users/${key}/quota`)).status).toBe(404)
    expect((await admin('PATCH', `/users/${key}/quota`, {})).status).toBe(404)
    expect((await admin('GET', '/users/nobody/quota')).status).toBe(400)
  })

  // covers 11.1.59b, 11.2.10a, 11.2.10b
  test('keep limits that a change does not name, and lose those it sets to null', async () => {
    const { who } = await settle(server)
    const quota = async () => JSON.parse((await admin('GET', `/users/${who.key}/quota`)).text)
    const patch = (json: unknown) => admin('PATCH', `/users/${who.key}/quota`, json)
    const none = {
      storage_quota_mb: 'unlimited',
      rate_read: 'unlimited',
      rate_write: 'unlimited',
      rate_read_burst: null,
      rate_write_burst: null,
      allowed_write_paths: null,
    }
    expect(await quota()).toEqual({ effective: none, overrides: {} })
    const done = await patch({ storage_quota_mb: 5, rate_read: '2mb/s', rate_read_burst: 100 })
    expect([done.status, done.text]).toEqual([200, ''])
    await patch({ allowed_write_paths: [] })
    const set = { storage_quota_mb: 5, rate_read: '2mb/s', rate_read_burst: 100 }
    expect(await quota()).toEqual({
      effective: { ...none, ...set, allowed_write_paths: [] },
      overrides: { ...set, allowed_write_paths: [] },
    })
    await patch({ rate_read: null, storage_quota_mb: 'unlimited', allowed_write_paths: null })
    expect((await quota()).overrides).toEqual({ storage_quota_mb: 'unlimited' })
    expect((await patch({ rate_read_burst: 5 })).status).toBe(422)
    const headers = { ...PASSWORD, ...JSON_TYPE }
    const broken = await server.admin('PATCH', `/users/${who.key}/quota`, { headers, body: '{' })
    expect(broken.status).toBe(400)
    const untyped = { headers: PASSWORD, body: '{}' }
    expect((await server.admin('PATCH', `/users/${who.key}/quota`, untyped)).status).toBe(415)
  })

  // covers 11.1.59e
  test('write only where they may: below a folder, or exactly one file', async () => {
    const { who, put, del } = await settle(server)
    await put('/pub/old.txt', 'x')
    const paths = ['/pub/app/', '/pub/one.txt']
    await admin('PATCH', `/users/${who.key}/quota`, { allowed_write_paths: paths })
    expect((await put('/pub/app/deep/a.txt', 'x')).status).toBe(201)
    expect((await put('/pub/one.txt', 'x')).status).toBe(201)
    for (const path of ['/pub/one.txt/below', '/pub/application', '/pub/two.txt', '/priv/app/a']) {
      const refused = await put(path, 'x')
      expect([path, refused.status, refused.text]).toEqual([
        path,
        403,
        'Write to this path is not allowed',
      ])
    }
    expect((await del('/pub/old.txt')).status).toBe(403)
    expect((await admin('DELETE', `/webdav/${who.key}/pub/old.txt`)).status).toBe(204)
  })

  test('are listed newest or largest first, page by page, and found by the start of their key', async () => {
    const people = [await settle(server), await settle(server), await settle(server)]
    await people[1]?.put('/pub/large.bin', new Uint8Array(50_000))
    const list = async (query: string) => JSON.parse((await admin('GET', `/users?${query}`)).text)
    const keys = ({ items }: { items: { pubky: string }[] }) => items.map(({ pubky }) => pubky)
    const newest = await list('limit=2')
    expect(keys(newest)).toEqual([people[2]?.who.key, people[1]?.who.key])
    expect(keys(await list(`limit=1&cursor=${newest.next_cursor}`))).toEqual([people[0]?.who.key])
    const largest = await list('limit=1&sort=largest')
    expect(largest.items[0]).toMatchObject({
      pubky: people[1]?.who.key,
      used_bytes: 50_256,
      limit_bytes: null,
      sessions: 1,
    })
    expect(keys(await list(`limit=1&sort=largest&cursor=${largest.next_cursor}`))).not.toEqual(
      keys(largest),
    )
    const key = people[0]?.who.key ?? ''
    for (const search of [key, `pubky${key}`, key.slice(0, 20)])
      expect(keys(await list(`search=${search}`))).toEqual([key])
    expect(keys(await list('search=!'))).toEqual([])
  })
})

test('files of anybody can be deleted, and an event tells it', async () => {
  const { who, put, get } = await settle(server)
  await put('/pub/bad%20thing.txt', 'x')
  await put('/priv/mine.txt', 'x')
  const gone = await admin('DELETE', `/webdav/${who.key}/pub/bad%20thing.txt`)
  expect([gone.status, gone.text]).toEqual([204, ''])
  expect((await get('/pub/bad%20thing.txt')).status).toBe(404)
  const feed = await server.call('GET', '/events/?limit=1000')
  expect(feed.text).toContain(`DEL pubky://${who.key}/pub/bad thing.txt`)
  expect((await admin('DELETE', `/webdav/${who.key}/pub/bad%20thing.txt`)).status).toBe(404)
  expect((await admin('DELETE', `/webdav/${who.key}/priv/mine.txt`)).status).toBe(400)
  expect((await admin('DELETE', `/webdav/${who.key}/pub/`)).status).toBe(400)
  expect((await admin('DELETE', '/webdav/nobody/pub/a')).status).toBe(400)
  expect((await admin('DELETE', `/webdav/${person().key}/pub/a`)).status).toBe(404)
})

// covers 11.1.59a
test('the summary counts accounts, bytes and tokens, and names the server', async () => {
  const before = JSON.parse((await admin('GET', '/info')).text)
  const { who, put } = await settle(server)
  await put('/pub/three.bin', new Uint8Array(3 * 1024 * 1024))
  await admin('POST', `/users/${who.key}/disable`)
  await admin('GET', '/generate_signup_token')
  const after = JSON.parse((await admin('GET', '/info')).text)
  expect(after).toEqual({
    num_users: before.num_users + 1,
    num_disabled_users: before.num_disabled_users + 1,
    total_disk_used_mb: before.total_disk_used_mb + 3,
    num_signup_codes: before.num_signup_codes + 1,
    num_unused_signup_codes: before.num_unused_signup_codes + 1,
    public_key: server.running.publicKey,
    pkarr_pubky_address: '127.0.0.1:6287',
    pkarr_icann_domain: `localhost:${new URL(server.running.urls.http).port}`,
    version: '0.1.0',
  })
})

test('the page learns what happened over time, how publishing went, and who was refused', async () => {
  const { put, del } = await settle(server)
  await put('/pub/x.txt', 'x')
  await del('/pub/x.txt')
  for (const [range, count] of [
    ['hour', 60],
    ['day', 48],
    ['week', 42],
    ['month', 30],
  ] as const) {
    const chart = JSON.parse((await admin('GET', `/stats/writes?range=${range}`)).text)
    expect(chart.buckets).toHaveLength(count)
    const { puts, deletes, users } = chart.buckets.at(-1)
    expect([puts > 0, deletes > 0, users > 0]).toEqual([true, true, true])
  }
  expect((await admin('GET', '/stats/writes?range=year')).status).toBe(400)
  await server.call('POST', '/session', { body: 'nonsense' })
  const stats = JSON.parse((await admin('GET', '/stats')).text)
  expect(stats.publishing.own).toMatchObject({ lastMs: expect.any(Number), failure: null })
  expect(stats.signals.totals.sign_in).toBe(1)
  expect(stats.signals.top).toContainEqual(expect.objectContaining({ kind: 'admin_password' }))
  expect(stats.process).toMatchObject({ events_listening: true, writes_waiting: 0 })
})

describe('the event stream of the operator', () => {
  // covers 11.1.59f, 11.2.12e
  test('tells private and public paths of everybody, and can be narrowed and resumed', async () => {
    const [a, b] = [await settle(server), await settle(server)]
    await a.put('/pub/1.txt', 'x')
    await a.put('/priv/2.txt', 'x')
    await b.put('/pub/3.txt', 'x')
    const read = async (query: string) => {
      using stream = await openEvents(
        server.running.urls.admin,
        `/events-stream?${query}`,
        PASSWORD,
      )
      expect([stream.status, stream.headers['cache-control']]).toEqual([200, 'no-store'])
      return await stream.ended
    }
    const paths = (frames: string[]) =>
      frames.map((frame) => /pubky:\/\/[^/]+(\S*)/.exec(frame)?.[1])
    expect(paths(await read('')).slice(-3)).toEqual(['/pub/1.txt', '/priv/2.txt', '/pub/3.txt'])
    expect(paths(await read(`user=${a.who.key}`))).toEqual(['/pub/1.txt', '/priv/2.txt'])
    expect(paths(await read(`user=${a.who.key}&path=/priv/`))).toEqual(['/priv/2.txt'])
    expect(paths(await read('reverse=true&limit=2'))).toEqual(['/pub/3.txt', '/priv/2.txt'])
    const two = await read(`user=${a.who.key}&limit=1`)
    const cursor = /cursor: (\d+)/.exec(two[0] ?? '')?.[1]
    expect(paths(await read(`user=${a.who.key}&cursor=${cursor}`))).toEqual(['/priv/2.txt'])
  })

  test('goes on live', async () => {
    const { who, put } = await settle(server)
    await put('/priv/1.txt', 'x')
    const target = `/events-stream?live=true&user=${who.key}&limit=3`
    using stream = await openEvents(server.running.urls.admin, target, PASSWORD)
    await stream.frames(1)
    await put('/pub/2.txt', 'x')
    await (await settle(server)).put('/pub/other.txt', 'x')
    await put('/priv/3.txt', 'x')
    const frames = await stream.ended
    expect(frames.map((frame) => /(\d)\.txt/.exec(frame)?.[1])).toEqual(['1', '2', '3'])
  })

  // covers 11.2.12e
  test.each([
    ['limit=0', 400, 'limit must be at least 1'],
    ['limit=x', 400, 'Invalid limit: x'],
    ['cursor=x', 400, 'Invalid cursor: x'],
    ['user=x', 400, 'Invalid public key: x'],
    ['path=/../x', 400, 'Invalid path: /../x'],
    ['live=true&reverse=true', 400, 'Cannot use live mode with reverse ordering'],
    [`user=${person().key}`, 404, 'Not Found'],
    [`user=${person().key}:5`, 400, expect.stringMatching(/^Invalid public key: /)],
    [Array.from({ length: 51 }, () => `user=${person().key}`).join('&'), 400, /Too many users/],
  ])('refuses %s', async (query, status, text) => {
    const answer = await admin('GET', `/events-stream?${query}`)
    expect(answer.status).toBe(status)
    if (text instanceof RegExp) expect(answer.text).toMatch(text)
    else expect(answer.text).toEqual(text)
  })
})

test('a sign-up over grants counts as well', async () => {
  const before = JSON.parse((await admin('GET', '/info')).text).num_users
  await grantSignUp(server, person())
  expect(JSON.parse((await admin('GET', '/info')).text).num_users).toBe(before + 1)
})

test('while the database is away the answer is 503, with a time to ask again', async () => {
  const gone = await createTestDatabase(MIGRATIONS)
  await using other = await startTestServer(gone.url)
  await gone[Symbol.asyncDispose]()
  const ask = () => other.admin('GET', '/stats', { headers: PASSWORD })
  await expect.poll(async () => (await ask()).status).toBe(503)
  expect((await ask()).headers['retry-after']).toBe('1')
})
