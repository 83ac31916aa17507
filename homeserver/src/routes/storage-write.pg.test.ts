import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { settle } from '../testing/people.ts'

const { database, server } = await oneServer({ config: { maxObjectBytes: 120_000_000 } })

describe('writing', () => {
  // covers 11.1.38b, 11.1.45, 11.2.1r
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
    // What is wrong with a path is told to those who may write.
    for (const path of ['/pub/%00', '/pub/a%5Cb']) {
      expect((await server.call('PUT', `/storage/${ann.who.key}${path}`, nobody)).status).toBe(401)
      expect((await ann.put(path, 'x')).status).toBe(400)
    }
    expect((await server.call('PUT', '/storage/nobody/pub/x', nobody)).status).toBe(401)
    expect((await server.call('POST', `/storage/${ann.who.key}/pub/x`, nobody)).status).toBe(405)
    expect((await ann.get('/etc/passwd')).status).toBe(403)
    expect(await ann.events()).toEqual([])
  })

  // covers 11.1.39
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

  // covers 11.2.9b
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
    expect(await ann.events()).toHaveLength(3)
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

  // covers 11.2.9c
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
    expect((await ann.del('/pub/b')).status).toBe(404)
    expect(await used()).toEqual({ used: 266, stored: 266 })
    expect(await ann.events()).toHaveLength(4)
  })
})

describe('bodies', () => {
  // covers 11.1.43
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
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const held = () => {
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const before = held()
    let most = before
    const body = Readable.from(
      (function* () {
        for (let i = 0; i < 100; i += 1) {
          if (i % 10 === 9) most = Math.max(most, held())
          yield block
        }
      })(),
    )
    expect((await ann.put('/pub/large.bin', body)).status).toBe(201)
    expect(most - before).toBeLessThan(40_000_000)
    const head = await server.call('HEAD', `/storage/${ann.who.key}/pub/large.bin`)
    expect(head.headers['content-length']).toBe('100000000')
    await ann.del('/pub/large.bin')
  })

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

  // covers 11.1.42, 11.1.44
  test('equal bodies of two people are independent', async () => {
    const [ann, bob] = [await settle(server), await settle(server)]
    const body = randomBytes(20_000)
    await ann.put('/pub/same', body)
    await bob.put('/pub/same', body)
    await ann.del('/pub/same')
    expect((await bob.get('/pub/same')).body.equals(body)).toBe(true)
    const both = await server.call('GET', `/events-stream?user=${ann.who.key}&user=${bob.who.key}`)
    const told = [...both.text.matchAll(/^event: (\w+)\ndata: pubky:\/\/(\w+)/gm)]
    expect(told.map(([, kind, key]) => [kind, key])).toEqual([
      ['PUT', ann.who.key],
      ['PUT', bob.who.key],
      ['DEL', ann.who.key],
    ])
    await ann.put('/pub/same', 'mine')
    expect((await ann.get('/pub/same')).headers['content-length']).toBe('4')
    expect((await bob.get('/pub/same')).headers['content-length']).toBe('20000')
  })
})
