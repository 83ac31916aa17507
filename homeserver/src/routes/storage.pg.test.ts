import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { encodePath, type StoragePath } from '@pubky/protocol'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cookieSignUp, grantSignIn, makeGrant, person, settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'

let database: TestDatabase
let server: TestServer

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  server = await startTestServer(database.url, { config: { maxObjectBytes: 120_000_000 } })
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

type Settled = Awaited<ReturnType<typeof settle>>

async function eventsOf({ who }: Settled): Promise<string[]> {
  const { text } = await server.call('GET', `/events-stream?user=${who.key}`)
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => frame.split('\n').slice(0, 2).join(' ').replace(`pubky://${who.key}`, ''))
}

describe('paths', () => {
  test('are decoded once, and mean the same however they are written', async () => {
    const ann = await settle(server)
    const put = (raw: string) =>
      server.call('PUT', `/storage/${ann.who.key}${raw}`, { headers: ann.auth, body: raw })
    for (const [raw, path] of [
      ['/pub/%61', '/pub/a'],
      ['/pub//b/./c/../d', '/pub/b/d'],
      ['/pub/x%2fy', '/pub/x/y'],
      ['/pub/%2561', '/pub/%61'],
      ['/pub/e%252fscape', '/pub/e%2fscape'],
      ['/pub/sp%20ace', '/pub/sp ace'],
      ['/pub/100%', '/pub/100%'],
      ['/pub/%C3%A9%F0%9F%92%96', '/pub/é💖'],
      ['/priv/%2e%2e/pub/up', '/pub/up'],
    ] as const) {
      expect((await put(raw)).status).toBe(201)
      const got = await ann.get(encodePath(path as StoragePath))
      expect([got.status, got.text]).toEqual([200, raw])
    }
    const list = await ann.get('/pub/')
    expect(list.text.split('\n')).toContain(`pubky://${ann.who.key}/pub/e%2fscape`)
    expect(list.text.split('\n')).toContain(`pubky://${ann.who.key}/pub/é💖`)
  })

  test('that are none are 400, carry CORS, and change nothing', async () => {
    const ann = await settle(server)
    await ann.put('/pub/target', 'kept')
    const before = await eventsOf(ann)
    for (const raw of [
      '/pub/%00',
      '/pub/a%00b',
      '/pub/target%5c',
      '/pub/..%5c..%5cpriv',
      '/pub/a\\b',
      '/pub/target%20',
      '/pub/target%C2%A0',
      '/pub/target%E3%80%80',
      '/pub/%0a',
      '/pub/%7f',
      '/pub/%C2%85',
      '/pub/%ff',
      '/pub/%C0%AF',
      '/pub/%ED%A0%80',
      '/../x',
      '/pub/%2e%2e/%2e%2e/x',
      `/pub/${'a'.repeat(256)}`,
      `/pub${`/${'a'.repeat(200)}`.repeat(5)}`,
    ]) {
      for (const method of ['PUT', 'DELETE', 'GET'])
        for (const target of [`/storage/${ann.who.key}${raw}`, raw]) {
          const headers = { ...ann.auth, origin: 'https://a.example', 'pubky-host': ann.who.key }
          const answer = await server.call(method, target, { headers })
          expect([raw, method, answer.status]).toEqual([raw, method, 400])
          expect(answer.headers['access-control-allow-origin']).toBe('https://a.example')
        }
    }
    expect((await ann.get('/pub/target')).text).toBe('kept')
    expect(await eventsOf(ann)).toEqual(before)
  })

  test('the longest segment and the longest path are taken', async () => {
    const ann = await settle(server)
    expect((await ann.put(`/pub/${'a'.repeat(255)}`, 'x')).status).toBe(201)
    const long = `/pub${`/${'b'.repeat(241)}`.repeat(4)}`
    expect(long).toHaveLength(972)
    expect((await ann.put(long, 'x')).status).toBe(201)
    expect((await ann.put(`${long}c`, 'x')).status).toBe(400)
  })

  test('a request without an owner, or with a bad one, is told so', async () => {
    const texts = await Promise.all(
      ['/storage', '/storage/', '/storage/abc/pub/x', `/storage/${person().key}`, '/pub/x'].map(
        async (target) => (await server.call('GET', target)).text,
      ),
    )
    expect(texts).toEqual([
      'Missing storage owner or path',
      'Missing storage owner or path',
      'Invalid storage owner public key',
      'Missing storage path',
      'Missing request tenant',
    ])
    const prefixed = await server.call('GET', `/storage/pubky${person().key}/pub/x`)
    expect(prefixed.status).toBe(400)
  })

  test('the path names the owner, whatever header, host and query say', async () => {
    const ann = await settle(server)
    const bob = await settle(server)
    await ann.put('/pub/mine', 'ann')
    const headers = { 'pubky-host': bob.who.key }
    const target = `/storage/${ann.who.key}/pub/mine?pubky-host=${bob.who.key}`
    const got = await server.call('GET', target, { headers })
    expect([got.text, got.headers.vary]).not.toContain('pubky-host')
    expect(got.text).toBe('ann')
    const legacy = await server.call('GET', `/pub/mine?pubky-host=${ann.who.key}`)
    expect(legacy.text).toBe('ann')
    expect(legacy.rawHeaders).toContain('pubky-host')
    const host = await server.call('GET', '/pub/mine', {
      headers: { host: `_pubky.${ann.who.key}` },
    })
    expect(host.text).toBe('ann')
  })
})

describe('writing', () => {
  test('folders, other roots and strangers are refused before anything is read', async () => {
    const ann = await settle(server)
    expect((await ann.put('/pub/folder/', 'x')).text).toBe('Target path must be a file')
    expect((await ann.del('/pub/folder/')).status).toBe(400)
    const elsewhere = await ann.put('/etc/passwd', 'x')
    expect([elsewhere.status, elsewhere.text]).toEqual([
      403,
      "Writing to directories other than '/pub/' and '/priv/' is forbidden",
    ])
    const nobody = { headers: { authorization: '' }, body: 'x' }
    expect((await server.call('PUT', `/storage/${ann.who.key}/pub/x`, nobody)).status).toBe(401)
    expect((await server.call('DELETE', `/storage/${ann.who.key}/pub/x`)).text).toBe(
      'No authenticated session found',
    )
    expect((await server.call('PUT', `/storage/${ann.who.key}/etc/x`, nobody)).status).toBe(401)
    expect((await server.call('POST', `/storage/${ann.who.key}/pub/x`, nobody)).status).toBe(405)
    expect((await ann.get('/etc/passwd')).status).toBe(403)
    expect(await eventsOf(ann)).toEqual([])
  })

  test('a file and a folder of one name exclude each other until one is gone', async () => {
    const ann = await settle(server)
    expect((await ann.put('/pub/a', 'x')).status).toBe(201)
    const below = await ann.put('/pub/a/b/c', 'x')
    expect([below.status, below.text]).toEqual([409, 'File/folder path collision'])
    await ann.put('/pub/f/g', 'x')
    expect((await ann.put('/pub/f', 'x')).status).toBe(409)
    for (const path of ['/pub/f0', '/pub/f-', '/pub/F', '/pub/A/b'])
      expect((await ann.put(path, 'x')).status).toBe(201)
    await ann.del('/pub/a')
    expect((await ann.put('/pub/a/b/c', 'x')).status).toBe(201)
    expect((await ann.del('/pub/a/b')).status).toBe(404)
  })

  test('of a file and a folder written at once, one gets in', async () => {
    const ann = await settle(server)
    const statuses = await Promise.all(
      ['/pub/r', '/pub/r/1', '/pub/r/1/2', '/pub/r/1/2/3'].flatMap((path) =>
        [1, 2, 3].map(async () => (await ann.put(path, 'x')).status),
      ),
    )
    expect(statuses.filter((status) => status === 201)).toHaveLength(3)
    const left = (await ann.get('/pub/')).text.split('\n')
    expect(left).toHaveLength(1)
    expect(await eventsOf(ann)).toHaveLength(3)
  })

  test('a large body is refused before it is sent when it cannot be stored', async () => {
    const ann = await settle(server)
    await ann.put('/pub/a', 'x')
    let sent = 0
    const body = Readable.from(
      (function* () {
        for (let i = 0; i < 2000; i += 1) {
          sent += 65_536
          yield Buffer.alloc(65_536)
        }
      })(),
    )
    const refused = await server
      .call('PUT', `/storage/${ann.who.key}/pub/a/b`, { headers: ann.auth, body })
      .catch(() => null)
    expect(refused?.status ?? 409).toBe(409)
    body.destroy()
    expect(sent).toBeLessThan(100_000_000)
  })

  test('If-None-Match and If-Match hold under 32 writers', async () => {
    const ann = await settle(server)
    const create = { 'if-none-match': '*' }
    const created = await Promise.all(
      Array.from({ length: 32 }, (_, i) => ann.put('/pub/once', `body ${i}`, create)),
    )
    expect(created.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect(created.filter((answer) => answer.status === 412)).toHaveLength(31)
    const etag = (await ann.get('/pub/once')).headers.etag ?? ''
    const swapped = await Promise.all(
      Array.from({ length: 32 }, (_, i) => ann.put('/pub/once', `new ${i}`, { 'if-match': etag })),
    )
    expect(swapped.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect((await ann.put('/pub/none', 'x', { 'if-match': '*' })).status).toBe(412)
    expect((await ann.put('/pub/once', 'x', { 'if-match': 'nonsense' })).status).toBe(412)
    expect((await ann.del('/pub/once', { 'if-match': etag })).status).toBe(412)
  })

  test('used bytes follow what is stored', async () => {
    const ann = await settle(server)
    const used = async () => {
      const { rows } = await database.pool.query(
        `select u.used_bytes::int as used, coalesce(sum(e.size + 256), 0)::int as stored
         from users u left join entries e on e.user_id = u.id
         where u.id = (select max(id) from users) group by u.id`,
      )
      return rows[0]
    }
    await ann.put('/pub/a', randomBytes(1000))
    await ann.put('/pub/b', randomBytes(40_000))
    await ann.put('/pub/a', randomBytes(10))
    await ann.put('/pub/b/c', 'refused')
    expect(await used()).toEqual({ used: 40_522, stored: 40_522 })
    await ann.del('/pub/b')
    await ann.del('/pub/b')
    expect(await used()).toEqual({ used: 266, stored: 266 })
  })
})

describe('bodies', () => {
  test.each([0, 1, 16_384, 16_385, 65_536, 1_048_576])('of %i bytes come back', async (size) => {
    const ann = await settle(server)
    const body = randomBytes(size)
    expect((await ann.put('/pub/data.bin', body)).status).toBe(201)
    const got = await ann.get('/pub/data.bin')
    expect(got.headers['content-length']).toBe(String(size))
    expect(got.body.equals(body)).toBe(true)
    const head = await server.call('HEAD', `/storage/${ann.who.key}/pub/data.bin`)
    expect([head.headers['content-length'], head.headers.etag, head.body.length]).toEqual([
      String(size),
      got.headers.etag,
      0,
    ])
    await ann.put('/pub/data.bin', 'other')
    expect((await ann.get('/pub/data.bin')).text).toBe('other')
    expect((await ann.del('/pub/data.bin')).status).toBe(204)
    expect((await ann.get('/pub/data.bin')).status).toBe(404)
  })

  test('a hundred megabytes stream through without being held', async () => {
    const ann = await settle(server)
    const block = randomBytes(1_000_000)
    const before = process.memoryUsage().rss
    let peak = before
    const body = Readable.from(
      (function* () {
        for (let i = 0; i < 100; i += 1) {
          peak = Math.max(peak, process.memoryUsage().rss)
          yield block
        }
      })(),
    )
    expect((await ann.put('/pub/large.bin', body)).status).toBe(201)
    expect(peak - before).toBeLessThan(80_000_000)
    const head = await server.call('HEAD', `/storage/${ann.who.key}/pub/large.bin`)
    expect(head.headers['content-length']).toBe('100000000')
    await ann.del('/pub/large.bin')
  }, 60_000)

  test('larger than allowed is 413, told or not', async () => {
    const ann = await settle(server)
    const told = await server
      .call('PUT', `/storage/${ann.who.key}/pub/x`, {
        headers: { ...ann.auth, 'content-length': '120000001', connection: 'close' },
        body: 'x',
      })
      .catch(() => null)
    expect(told?.status ?? 413).toBe(413)
  })

  test('what a stranger stored cannot run as a page', async () => {
    const ann = await settle(server)
    await ann.put('/pub/x.png', '<script>alert(document.cookie)</script>')
    await ann.put('/pub/x.svg', '<svg onload="alert(1)"/>')
    await ann.put('/pub/x.html', 'plain')
    for (const name of ['x.png', 'x.svg', 'x.html']) {
      const { headers } = await ann.get(`/pub/${name}`)
      expect(headers).toMatchObject({
        'content-disposition': 'attachment',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
      })
    }
  })

  test('equal bodies of two people are independent', async () => {
    const [ann, bob] = [await settle(server), await settle(server)]
    const body = randomBytes(20_000)
    await ann.put('/pub/same', body)
    await bob.put('/pub/same', body)
    await ann.del('/pub/same')
    expect((await bob.get('/pub/same')).body.equals(body)).toBe(true)
  })
})

describe('reading', () => {
  test('conditions: If-None-Match before If-Modified-Since, GET only', async () => {
    const ann = await settle(server)
    await ann.put('/pub/c.txt', 'hello')
    const { headers } = await ann.get('/pub/c.txt')
    const etag = headers.etag ?? ''
    const modified = headers['last-modified'] ?? ''
    const past = new Date(Date.now() - 86_400_000).toUTCString()
    const status = async (conditions: Record<string, string>) =>
      (await ann.get('/pub/c.txt', conditions)).status
    expect(await status({ 'if-none-match': etag })).toBe(304)
    expect(await status({ 'if-none-match': `"other", ${etag}` })).toBe(304)
    expect(await status({ 'if-none-match': `W/${etag}` })).toBe(200)
    expect(await status({ 'if-none-match': '*' })).toBe(200)
    expect(await status({ 'if-modified-since': modified })).toBe(304)
    expect(await status({ 'if-modified-since': past })).toBe(200)
    expect(await status({ 'if-modified-since': 'nonsense' })).toBe(200)
    expect(await status({ 'if-none-match': '"other"', 'if-modified-since': modified })).toBe(200)
    const unchanged = await ann.get('/pub/c.txt', { 'if-none-match': etag })
    expect(unchanged.headers).toMatchObject({ etag, 'last-modified': modified })
    expect(unchanged.body).toHaveLength(0)
    const target = `/storage/${ann.who.key}/pub/c.txt`
    const head = await server.call('HEAD', target, { headers: { 'if-none-match': etag } })
    expect(head.status).toBe(200)
    expect((await server.call('HEAD', `/storage/${ann.who.key}/pub/`)).status).toBe(404)
    expect((await server.call('GET', `/storage/${person().key}/pub/x`)).status).toBe(404)
  })

  test('lists in byte order, with limit, cursor and both directions', async () => {
    const ann = await settle(server)
    const names = ['B', 'a', 'a-b', 'a/x', 'a0', '_', '%', 'é', '💖', '\uffee']
    const stored = names.filter((name) => name !== 'a').map((name) => `/pub/l/${name}`)
    for (const path of stored) await ann.put(encodePath(path as StoragePath), 'x')
    const sorted = stored
      .sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
      .map((path) => `pubky://${ann.who.key}${path}`)
    const list = async (query: string) => (await ann.get(`/pub/l/${query}`)).text.split('\n')
    expect(await list('')).toEqual(sorted)
    expect(await list('?reverse')).toEqual(sorted.toReversed())
    const paged: string[] = []
    for (
      let cursor = '';
      paged.length < sorted.length;
      cursor = encodeURIComponent(paged.at(-1) ?? '')
    )
      paged.push(...(await list(`?limit=2&cursor=${cursor}`)))
    expect(paged).toEqual(sorted)
    expect(await list(`?reverse=1&limit=3&cursor=${encodeURIComponent(sorted[4] ?? '')}`)).toEqual(
      sorted.slice(1, 4).toReversed(),
    )
    expect(await list('?limit=0')).toEqual([''])
    expect(await list('?limit=nonsense')).toEqual(sorted)
    expect((await ann.get('/pub/l/?cursor=/pub/l/a0')).text).toBe('Invalid cursor')
    expect((await ann.get('/pub/l/?shallow=maybe')).text).toBe('Invalid boolean parameter')
    expect((await ann.get('/pub/l/B?reverse=maybe')).status).toBe(400)
    expect((await ann.get('/pub/none/')).text).toBe('Directory Not Found')
    expect((await ann.get('/pub/none/?cursor=bad')).status).toBe(404)
    expect((await ann.get('/pub/l_/')).status).toBe(404)
  })

  test('shallow lists show folders once', async () => {
    const ann = await settle(server)
    for (const path of [
      'a.com/a.txt',
      'example.com/a.txt',
      'example.com/b.txt',
      'example.com/c.txt',
      'example.com/d.txt',
      'example.con/d.txt',
      'example.con-file',
      'file',
      'file2',
      'z.com/a.txt',
    ])
      await ann.put(`/pub/${path}`, 'x')
    const base = `pubky://${ann.who.key}/pub/`
    const list = async (query: string) =>
      (await ann.get(`/pub/?shallow&${query}`)).text.replaceAll(base, '').split('\n')
    const all = 'a.com/ example.com/ example.con-file example.con/ file file2 z.com/'.split(' ')
    expect(await list('')).toEqual(all)
    expect(await list('reverse')).toEqual(all.toReversed())
    for (const cursor of [`${base}example.com/`, `${base}example.com/a.txt`])
      expect(await list(`limit=2&cursor=${cursor}`)).toEqual(['example.con-file', 'example.con/'])
    expect(await list(`reverse&limit=2&cursor=${base}example.con/`)).toEqual([
      'example.con-file',
      'example.com/',
    ])
  })

  test('a read over a replacement gets one of the two bodies, whole', async () => {
    const ann = await settle(server)
    const bodies = [randomBytes(50_000), randomBytes(50_000)] as const
    await ann.put('/pub/swap', bodies[0])
    const swaps = (async () => {
      for (let i = 0; i < 20; i += 1) await ann.put('/pub/swap', bodies[i % 2] ?? '')
    })()
    const reads = await Promise.all(Array.from({ length: 40 }, () => ann.get('/pub/swap')))
    await swaps
    for (const { status, body } of reads)
      expect([status, bodies.some((one) => one.equals(body))]).toEqual([200, true])
  })
})

describe('private files', () => {
  test('answer alike whether they exist or not, to everybody but the owner', async () => {
    const ann = await settle(server)
    const bob = await settle(server)
    const narrow = await makeGrant(server, ann.who, { caps: ['/priv/other/:rw', '/priv/a/x:w'] })
    const narrowAuth = { authorization: await grantSignIn(server, narrow) }
    const annCookie = await cookieSignUp(server, person())
    expect((await ann.put('/priv/a/x', 'secret')).status).toBe(201)
    const cases = [
      [{}, 401, 401],
      [{ cookie: annCookie }, 401, 401],
      [bob.auth, 403, 403],
      [narrowAuth, 403, 403],
    ] as const
    for (const [headers, read, write] of cases)
      for (const path of ['/priv/a/y', '/priv/a/z', '/priv/a/', '/priv/b/', '/pub/%2e%2e/priv/a/y'])
        for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
          const isWrite = method === 'PUT' || method === 'DELETE'
          if (isWrite && path.endsWith('/')) continue
          const answer = await server.call(method, `/storage/${ann.who.key}${path}`, {
            headers: { ...headers, 'if-none-match': '"x"' },
          })
          expect([method, path, answer.status]).toEqual([method, path, isWrite ? write : read])
          expect(answer.headers['cache-control']).toBe('no-store')
          expect(answer.headers.etag).toBeUndefined()
          expect(answer.rawHeaders).toContain('Authorization, Cookie')
        }
    expect(
      (await server.call('GET', `/storage/${ann.who.key}/priv/a/x`, { headers: narrowAuth }))
        .status,
    ).toBe(403)
    const own = await ann.get('/priv/a/x', ann.auth)
    expect([own.status, own.text, own.headers['cache-control']]).toEqual([
      200,
      'secret',
      'no-store',
    ])
    expect((await ann.get('/priv/a/', ann.auth)).text).toBe(`pubky://${ann.who.key}/priv/a/x`)
    expect((await ann.get('/priv/none', ann.auth)).status).toBe(404)
    expect((await server.call('GET', '/events/?limit=1000')).text).not.toContain('/priv/')
  })
})

describe('CORS and the rest', () => {
  test('every preflight is answered, and every answer names its origin', async () => {
    const preflight = await server.call('OPTIONS', '/storage/x', {
      headers: {
        origin: 'https://a.example',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization, pubky-host, pubky-signature',
      },
    })
    expect(preflight.status).toBe(200)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'authorization, pubky-host, pubky-signature',
    })
    for (const target of ['/', '/info', '/storage/x', '/events-stream', '/session', '/nothing']) {
      const { headers } = await server.call('GET', target, {
        headers: { origin: 'https://a.example' },
      })
      expect(headers['access-control-allow-origin']).toBe('https://a.example')
      expect(headers['access-control-expose-headers']).toContain('retry-after')
    }
    const info = await server.call('GET', '/info')
    expect(JSON.parse(info.text).features).toEqual(
      expect.arrayContaining(['path-addressed-storage', 'events-live', 'object-signatures']),
    )
    expect((await server.call('GET', '/')).text).toBe('Pubky Homeserver')
  })
})
