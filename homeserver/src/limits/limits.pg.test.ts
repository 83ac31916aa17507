import { connect } from 'node:net'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HomeserverConfig } from '../config.ts'
import { openEvents } from '../testing/http.ts'
import { authToken, cookieOf, cookieSignUp, person, settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'

const ADMIN = { 'x-admin-password': 'admin', 'content-type': 'application/json' }

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
})

afterAll(() => database?.[Symbol.asyncDispose]())

function start(config: Partial<HomeserverConfig> = {}): Promise<TestServer> {
  return startTestServer(database.url, { config, isStill: true })
}

function setQuota(server: TestServer, key: string, quota: unknown) {
  const body = JSON.stringify(quota)
  return server.admin('PATCH', `/users/${key}/quota`, { headers: ADMIN, body })
}

describe('rules for requests', () => {
  // covers 11.1.53, 11.1.55a, 11.2.3b
  test('count sign-ins by address and sessions by person apart, and sign-ups not at all', async () => {
    await using server = await start({
      rateLimits: 'POST /session 1r/m ip; GET /session 1r/m user; GET /events/ 3r/m ip',
    })
    const [a, b] = [person(), person()]
    const cookies = [await cookieSignUp(server, a), await cookieSignUp(server, b)]
    const signIn = async () => server.call('POST', '/session', { body: await authToken(server, a) })
    expect((await signIn()).status).toBe(200)
    const limited = await signIn()
    expect([limited.status, limited.text]).toEqual([429, 'Rate limit exceeded'])
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(50)
    const look = (who: typeof a, cookie = '') =>
      server.call('GET', '/session', { headers: { 'pubky-host': who.key, cookie } })
    expect((await look(a, cookies[0])).status).toBe(200)
    expect((await look(a, cookies[0])).status).toBe(429)
    expect((await look(b, cookies[1])).status).toBe(200)
    const nobody = await server.call('GET', '/session')
    expect([nobody.status, nobody.text]).toEqual([400, 'Failed to extract key for rate limiting'])
    server.travel(61)
    const lookedAtOnce = await Promise.all([1, 2, 3, 4].map(() => look(a, cookies[0])))
    expect(lookedAtOnce.map(({ status }) => status).sort()).toEqual([200, 429, 429, 429])
    expect((await signIn()).status).toBe(200)
    const feeds = await Promise.all([1, 2, 3, 4, 5].map(() => server.call('GET', '/events/')))
    expect(feeds.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429])
  })

  test('an address holds so many event streams open, and gets a place again when one has ended', async () => {
    await using server = await start({ maxStreamsPerAddress: 2 })
    const { who } = await settle(server)
    const live = `/events-stream?live=true&user=${who.key}`
    const url = server.running.urls.http
    using _ = await openEvents(url, '/events/', { accept: 'text/event-stream' })
    const second = await openEvents(url, live)
    const refused = await server.call('GET', live, { headers: { origin: 'https://app.example' } })
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example')
    second[Symbol.dispose]()
    const ask = async () => (await server.call('GET', `/events-stream?user=${who.key}`)).status
    await expect.poll(ask).toBe(200)
  })

  // covers 11.1.54, 11.2.2a
  test('spare who is excepted, allow bursts, and never touch /info', async () => {
    const [spared, other] = [person(), person()]
    await using server = await start({
      rateLimits: `GET /events/ 1r/m ip except=127.0.0.1; GET /ready 1r/m ip burst=3; * /info 1r/m ip;
        GET /session 1r/m user except=${spared.key}`,
    })
    const look = async ({ key }: typeof spared) =>
      (await server.call('GET', '/session', { headers: { 'pubky-host': key } })).status
    expect([await look(other), await look(other)]).toEqual([404, 429])
    for (let i = 0; i < 5; i += 1) {
      expect(await look(spared)).toBe(404)
      expect((await server.call('GET', '/events/')).status).toBe(200)
      expect((await server.call('GET', '/info')).status).toBe(200)
    }
    const codes = []
    for (let i = 0; i < 4; i += 1) codes.push((await server.call('GET', '/ready')).status)
    expect(codes).toEqual([200, 200, 200, 429])
  })

  // covers 11.2.2b, 11.2.3a
  test('that name a path of an owner hold for both addressings, and CORS goes with a refusal', async () => {
    await using server = await start({ rateLimits: 'GET /pub/app/** 2r/m user' })
    const { who, put, get } = await settle(server)
    await put('/pub/app/a.txt', 'a')
    expect((await get('/pub/app/a.txt')).status).toBe(200)
    const headers = { 'pubky-host': who.key, origin: 'https://app.example' }
    expect((await server.call('GET', '/pub/app/a.txt', { headers })).status).toBe(200)
    const limited = await server.call('GET', '/pub/app/a.txt', { headers })
    expect(limited.status).toBe(429)
    expect(limited.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-expose-headers': expect.stringContaining('retry-after'),
    })
    for (const path of ['/%70ub/app/a.txt', '/pub//app/a.txt', '/x/../pub/app/a.txt'])
      expect([path, (await get(path)).status]).toEqual([path, 429])
    expect((await get('/pub/other.txt')).status).toBe(404)
  })

  // covers 11.1.55b
  test('protect sign-up tokens from guessing when nothing is configured', async () => {
    await using server = await start({ signupMode: 'token_required' })
    const ask = () => server.call('GET', '/signup_tokens/0000-0000-0000')
    for (let i = 0; i < 10; i += 1) expect((await ask()).status).toBe(404)
    expect((await ask()).status).toBe(429)
  })
})

describe('speeds', () => {
  // covers 11.1.51, 11.1.56a, 11.1.56b, 11.2.3c
  test('slow what an account sends, each for itself', async () => {
    await using server = await start({
      defaultRateWrite: '1kb/h',
      defaultRateWriteBurst: 1,
      defaultQuotaMb: 1,
    })
    const people = await Promise.all(Array.from({ length: 4 }, () => settle(server)))
    // A second kilobyte of one of them would take an hour, and so would what does not fit.
    for (const { put } of people)
      expect((await put('/pub/a.bin', new Uint8Array(1024))).status).toBe(201)
    expect((await people[0]?.put('/pub/b.bin', new Uint8Array(2 << 20)))?.status).toBe(507)
    const { who, put } = await settle(server)
    await setQuota(server, who.key, { rate_write: '2kb/s', rate_write_burst: 1 })
    const sinceMs = performance.now()
    expect((await put('/pub/a.bin', new Uint8Array(4 * 1024))).status).toBe(201)
    expect(performance.now() - sinceMs).toBeGreaterThan(1400)
  })

  // covers 11.1.59c, 11.1.59d, 11.2.3c
  test('slow what an account reads by its own limit, and nobody else', async () => {
    await using server = await start()
    const { who, put, get, auth } = await settle(server)
    await put('/pub/small.bin', new Uint8Array(4 * 1024))
    await put('/pub/large.bin', new Uint8Array(20 * 1024).fill(7))
    await setQuota(server, who.key, { rate_read: '10kb/s', rate_read_burst: 1 })
    const timed = async (path: string, headers = {}) => {
      const sinceMs = performance.now()
      const answer = await get(path, headers)
      expect(answer.body.length).toBe(Number(answer.headers['content-length']))
      return performance.now() - sinceMs
    }
    expect(await timed('/pub/large.bin', auth)).toBeGreaterThan(1500)
    expect(await timed('/pub/small.bin', auth)).toBeGreaterThan(250)
    // Whoever it holds for would wait for hours.
    await setQuota(server, who.key, { rate_read: '1kb/h', rate_read_burst: 1 })
    expect(await timed('/pub/large.bin')).toBeGreaterThan(0)
    await setQuota(server, who.key, { rate_read: 'unlimited' })
    expect(await timed('/pub/large.bin', auth)).toBeGreaterThan(0)
  })

  // covers 11.2.3c
  test('slow all strangers of one address together', async () => {
    await using server = await start({ unauthenticatedIpRateRead: '8kb/s' })
    const { put, get, auth } = await settle(server)
    await put('/pub/a.bin', new Uint8Array(8 * 1024))
    await get('/pub/a.bin')
    const sinceMs = performance.now()
    await Promise.all([get('/pub/a.bin'), get('/pub/a.bin', auth)])
    expect(performance.now() - sinceMs).toBeGreaterThan(800)
  })
})

test('a signed-in person sees what they use and may use, and nobody else does', async () => {
  await using server = await start({ defaultQuotaMb: 10, defaultRateRead: '5mb/s' })
  const { who, put, auth } = await settle(server)
  await put('/pub/a.txt', 'hello')
  await put('/priv/b.txt', 'hello')
  await setQuota(server, who.key, { rate_write: '1mb/s', allowed_write_paths: ['/pub/'] })
  const answer = await server.call('GET', '/usage', { headers: auth })
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' })
  expect(JSON.parse(answer.text)).toEqual({
    pubky: who.key,
    disabled: false,
    storage: {
      used_bytes: 2 * (5 + 256),
      limit_bytes: 10 * 1024 * 1024,
      files: 2,
      largest_file_bytes: 1_073_741_824,
    },
    bandwidth: { read: '5mb/s', read_burst_kb: null, write: '1mb/s', write_burst_kb: null },
    allowed_write_paths: ['/pub/'],
    requests: [{ method: 'GET', path: '/signup_tokens/*', count: 10, seconds: 60, burst: 10 }],
  })
  const nobody = await server.call('GET', '/usage')
  expect([nobody.status, nobody.text]).toEqual([401, 'No authenticated session found'])
  const cookie = cookieOf(
    await server.call('POST', '/session', { body: await authToken(server, who) }),
  )
  const byCookie = await server.call('GET', '/usage', {
    headers: { cookie, 'pubky-host': who.key },
  })
  expect(byCookie.status).toBe(200)
  const { features } = JSON.parse((await server.call('GET', '/info')).text)
  expect(features).toContain('usage')
})

test('a client that never finishes its head is cut off', async () => {
  await using server = await start()
  const { port } = new URL(server.running.urls.http)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const drip = setInterval(() => socket.write('X-A: b\r\n'), 1000)
  await new Promise((resolve) => {
    socket.once('close', resolve)
    socket.resume()
  })
  clearInterval(drip)
})
