import { randomBytes } from 'node:crypto'
import { encodePath, type StoragePath } from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import {
  cookieSignIn,
  cookieSignUp,
  grantSignIn,
  makeGrant,
  person,
  settle,
} from '../testing/people.ts'

const { server } = await oneServer()

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

  // covers 11.2.1a, 11.2.1r
  test('that are none are 400, carry CORS, and change nothing', async () => {
    const ann = await settle(server)
    await ann.put('/pub/target', 'kept')
    const before = await ann.events()
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
    expect(await ann.events()).toEqual(before)
  })

  test('the longest segment and the longest path are taken', async () => {
    const ann = await settle(server)
    expect((await ann.put(`/pub/${'a'.repeat(255)}`, 'x')).status).toBe(201)
    const long = `/pub${`/${'b'.repeat(241)}`.repeat(4)}`
    expect(long).toHaveLength(972)
    expect((await ann.put(long, 'x')).status).toBe(201)
    expect((await ann.put(`${long}c`, 'x')).status).toBe(400)
  })

  // covers 11.2.1r
  test('a request without an owner, or with a bad one, is told so', async () => {
    const headers = { origin: 'https://a.example' }
    const answers = await Promise.all(
      ['/storage', '/storage/', '/storage/abc/pub/x', `/storage/${person().key}`, '/pub/x'].map(
        (target) => server.call('GET', target, { headers }),
      ),
    )
    for (const answer of answers) {
      expect(answer.status).toBe(400)
      expect(answer.headers['access-control-allow-origin']).toBe('https://a.example')
    }
    expect(answers.map(({ text }) => text)).toEqual([
      'Missing storage owner or path',
      'Missing storage owner or path',
      'Invalid storage owner public key',
      'Missing storage path',
      'Missing request tenant',
    ])
    const prefixed = await server.call('GET', `/storage/pubky${person().key}/pub/x`)
    expect(prefixed.status).toBe(400)
  })

  // covers 11.1.38a, 11.2.1n, 11.2.1o
  test('the path names the owner, whatever header, host and query say', async () => {
    const ann = await settle(server)
    const bob = await settle(server)
    await ann.put('/pub/mine', 'ann')
    const headers = { 'pubky-host': bob.who.key }
    const target = `/storage/${ann.who.key}/pub/mine?pubky-host=${bob.who.key}`
    const got = await server.call('GET', target, { headers })
    expect([got.text, got.headers.vary]).not.toContain('pubky-host')
    expect(got.text).toBe('ann')
    const head = await server.call('HEAD', target, { headers })
    expect([head.status, head.headers['content-length']]).toEqual([200, '3'])
    const own = await server.call('PUT', target, {
      headers: { ...headers, ...ann.auth },
      body: 'x',
    })
    expect(own.status).toBe(201)
    expect((await server.call('DELETE', target, { headers: bob.auth })).status).toBe(403)
    expect((await bob.get('/pub/mine')).status).toBe(404)
    await ann.put('/pub/mine', 'ann')
    const legacy = await server.call('GET', `/pub/mine?pubky-host=${ann.who.key}`)
    expect(legacy.text).toBe('ann')
    expect(legacy.rawHeaders).toContain('pubky-host')
    expect(legacy.rawHeaders).not.toContain('pubky-host, Authorization, Cookie')
    expect(legacy.headers['cache-control']).toBe('private, must-revalidate')
    const host = await server.call('GET', '/pub/mine', {
      headers: { host: `_pubky.${ann.who.key}` },
    })
    expect(host.text).toBe('ann')
  })

  // covers 11.1.48
  test('what is written by one addressing is read and deleted by the other', async () => {
    const ann = await settle(server)
    const byHeader = (method: string, body?: string) =>
      server.call(method, '/pub/both', {
        headers: { ...ann.auth, 'pubky-host': ann.who.key },
        ...(body !== undefined && { body }),
      })
    expect((await byHeader('PUT', 'by header')).status).toBe(201)
    expect((await ann.get('/pub/both')).text).toBe('by header')
    expect((await ann.del('/pub/both')).status).toBe(204)
    expect((await byHeader('GET')).status).toBe(404)
    expect((await ann.put('/pub/both', 'by path')).status).toBe(201)
    expect((await byHeader('GET')).text).toBe('by path')
    expect((await byHeader('DELETE')).status).toBe(204)
    expect((await ann.get('/pub/both')).status).toBe(404)
    expect((await ann.events()).map((event) => event.slice('event: '.length, 10))).toEqual([
      'PUT',
      'DEL',
      'PUT',
      'DEL',
    ])
  })
})

describe('reading', () => {
  // covers 11.2.1b, 11.2.1c, 11.2.1d
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

  // covers 11.1.49a, 11.2.1p
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

  // covers 11.1.49b
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
  // covers 11.1.47, 11.1.52a, 11.1.52b, 11.1.52c, 11.2.1i, 11.2.1k, 11.2.1m, 11.2.1q
  test('answer alike whether they exist or not, to everybody but the owner', async () => {
    const ann = await settle(server)
    const bob = await settle(server)
    const narrow = await makeGrant(server, ann.who, { caps: ['/priv/other/:rw', '/priv/a/x:w'] })
    const narrowAuth = { authorization: await grantSignIn(server, narrow) }
    const annCookie = await cookieSignUp(server, person())
    expect((await ann.put('/priv/a/x', 'secret')).status).toBe(201)
    await ann.put('/priv/a/y', 'there')
    const etag = (await ann.get('/priv/a/y', ann.auth)).headers.etag ?? ''
    expect(etag).toMatch(/^"/)
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
            headers: { ...headers, ...(!isWrite && { 'if-none-match': etag }) },
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
    expect((await ann.get('/priv/a/y', ann.auth)).text).toBe('there')
    const again = await ann.get('/priv/a/y', { ...ann.auth, 'if-none-match': etag })
    expect([again.status, again.headers['cache-control']]).toEqual([304, 'no-store'])
    expect((await ann.del('/priv/a/y')).status).toBe(204)
    const byCookie = await ann.get('/priv/a/x', { cookie: await cookieSignIn(server, ann.who) })
    expect([byCookie.text, byCookie.headers['cache-control']]).toEqual(['secret', 'no-store'])
    expect(byCookie.rawHeaders).toContain('Authorization, Cookie')
    expect((await ann.get('/priv/a/', ann.auth)).text).toBe(`pubky://${ann.who.key}/priv/a/x`)
    expect((await ann.get('/priv/none', ann.auth)).status).toBe(404)
    expect((await server.call('GET', '/events/?limit=1000')).text).not.toContain('/priv/')
  })
})

describe('CORS and the rest', () => {
  // covers 11.2.2a
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
    expect([info.status, info.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(JSON.parse(info.text).features).toEqual(
      expect.arrayContaining(['path-addressed-storage', 'events-live', 'object-signatures']),
    )
    expect((await server.call('GET', '/')).text).toBe('Pubky Homeserver')
  })
})
