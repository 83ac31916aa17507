import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import type { Call } from '../testing/http.ts'
import { settle } from '../testing/people.ts'

const { server } = await oneServer()

function basic(text: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

function dav(method: string, path: string, o: Call = {}) {
  const headers = { ...basic('admin:admin'), ...o.headers }
  return server.admin(method, `/dav/${path}`, { ...o, headers })
}

function hrefs(xml: string): string[] {
  return [...xml.matchAll(/<D:href>([^<]*)<\/D:href>/g)].map(([, href]) => href ?? '')
}

// covers 11.2.12c
test('asks for the admin password by HTTP Basic', async () => {
  for (const headers of [
    {},
    basic('admin:wrong'),
    basic('root:admin'),
    { authorization: 'Basic !' },
  ]) {
    const answer = await server.admin('PROPFIND', '/dav/', { headers })
    expect([answer.status, answer.text]).toEqual([401, 'Unauthorized'])
    expect(answer.headers['www-authenticate']).toMatch(/^Basic/)
  }
  expect((await server.admin('OPTIONS', '/dav/')).headers.dav).toBe('1')
  const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  expect((await dav('PROPFIND', '', { headers })).status).toBe(403)
})

test('pages of other origins neither use it nor read its answers', async () => {
  const { host } = new URL(server.running.urls.admin)
  const from = (method: string, origin: string) => dav(method, '', { headers: { origin } })
  for (const origin of ['https://evil.example', 'http://evil.example:6288', 'null', 'x'])
    for (const method of ['PROPFIND', 'OPTIONS']) {
      const answer = await from(method, origin)
      expect([method, origin, answer.status]).toEqual([
        method,
        origin,
        method === 'OPTIONS' ? 200 : 403,
      ])
      const names = Object.keys(answer.headers)
      expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  expect((await from('PROPFIND', `http://${host}`)).status).toBe(207)
})

// covers 11.2.12c
test('files are put, found, read and deleted, and events tell it', async () => {
  const { who, get } = await settle(server)
  const base = `${who.key}/pub`
  const large = randomBytes(50_000)
  expect((await dav('PUT', `${base}/a%20b.txt`, { body: 'hello' })).status).toBe(201)
  expect((await dav('PUT', `${base}/deep/large.bin`, { body: large })).status).toBe(201)
  const found = await dav('PROPFIND', `${base}/`, { headers: { depth: '1' } })
  expect([found.status, found.headers['content-type']]).toEqual([
    207,
    'application/xml; charset=utf-8',
  ])
  expect(hrefs(found.text)).toEqual([
    `/dav/${base}/`,
    `/dav/${base}/a%20b.txt`,
    `/dav/${base}/deep/`,
  ])
  expect(found.text).toContain('<D:getcontentlength>5</D:getcontentlength>')
  const shallow = await dav('PROPFIND', `${base}/`, { headers: { depth: '0' } })
  expect(hrefs(shallow.text)).toEqual([`/dav/${base}/`])
  expect(hrefs((await dav('PROPFIND', '')).text)).toContain(`/dav/${who.key}/`)
  expect(hrefs((await dav('PROPFIND', `${who.key}/`)).text)).toEqual([
    `/dav/${who.key}/`,
    `/dav/${who.key}/pub/`,
    `/dav/${who.key}/priv/`,
  ])
  expect((await dav('PROPFIND', `${base}/nothing`)).status).toBe(404)

  const read = await dav('GET', `${base}/deep/large.bin`)
  expect([read.status, read.body.equals(large)]).toEqual([200, true])
  expect((await dav('HEAD', `${base}/a%20b.txt`)).headers['content-length']).toBe('5')
  expect((await get('/pub/a%20b.txt')).text).toBe('hello')
  expect((await dav('DELETE', `${base}/a%20b.txt`)).status).toBe(204)
  expect((await dav('DELETE', `${base}/a%20b.txt`)).status).toBe(404)
  const feed = (await server.call('GET', '/events/?limit=1000')).text
  for (const line of ['PUT pubky', 'DEL pubky'])
    expect(feed).toContain(`${line}://${who.key}/pub/a b.txt`)
})

test('files and folders are copied and moved, between people too', async () => {
  const [a, b] = [await settle(server), await settle(server)]
  const large = randomBytes(40_000)
  await a.put('/pub/x/1.txt', 'one')
  await a.put('/pub/x/y/2.bin', large)
  const go = (method: string, from: string, to: string, headers = {}) =>
    dav(method, from, { headers: { destination: `http://localhost/dav/${to}`, ...headers } })
  const [ka, kb] = [a.who.key, b.who.key]
  expect((await go('COPY', `${ka}/pub/x/1.txt`, `${kb}/pub/one.txt`)).status).toBe(201)
  expect((await b.get('/pub/one.txt')).text).toBe('one')
  expect(
    (await go('COPY', `${ka}/pub/x/1.txt`, `${kb}/pub/one.txt`, { overwrite: 'F' })).status,
  ).toBe(412)
  expect((await go('COPY', `${ka}/pub/x/1.txt`, `${kb}/pub/one.txt`)).status).toBe(204)
  expect((await go('MOVE', `${ka}/pub/x/`, `${ka}/pub/z/`)).status).toBe(201)
  expect((await a.get('/pub/z/y/2.bin')).body.equals(large)).toBe(true)
  expect((await a.get('/pub/x/1.txt')).status).toBe(404)
  expect((await dav('DELETE', `${ka}/pub/z/`)).status).toBe(204)
  expect((await a.get('/pub/z/1.txt')).status).toBe(404)
  expect((await go('COPY', `${ka}/pub/nothing`, `${kb}/pub/x`)).status).toBe(404)
  const astray = await dav('COPY', `${kb}/pub/one.txt`, { headers: { destination: '/elsewhere' } })
  expect(astray.status).toBe(400)
  expect((await dav('MKCOL', `${kb}/pub/new/`)).status).toBe(201)
  await b.put('/pub/new/a.txt', 'x')
  expect((await dav('MKCOL', `${kb}/pub/new`)).status).toBe(405)
})

test('neither other roots nor objects about keys can be written', async () => {
  const { who } = await settle(server)
  expect((await dav('PUT', `${who.key}/other/a.txt`, { body: 'x' })).status).toBe(403)
  expect((await dav('PUT', `${who.key}/pub/pubky.keys/policy`, { body: '{}' })).status).toBe(403)
  expect((await dav('DELETE', `${who.key}/pub/pubky.keys/policy`)).status).toBe(404)
  expect((await dav('PUT', `${who.key}/pub/`, { body: 'x' })).status).toBe(400)
  expect((await dav('PUT', 'nobody/pub/a.txt', { body: 'x' })).status).toBe(400)
})
