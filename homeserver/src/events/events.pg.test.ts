import { setTimeout as sleep } from 'node:timers/promises'
import { encodeCrockford } from '@pubky/protocol'
import type { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { twoServers } from '../testing/fixture.ts'
import { openEvents } from '../testing/http.ts'
import { cookieSignUp, grantSignIn, makeGrant, person, settle } from '../testing/people.ts'
import { publicChangesAfter } from './rows.ts'

const { database, server, other } = await twoServers()

interface Told {
  kind: string
  uri: string
  cursor: number
  hash: string | undefined
}

function read(frame: string): Told {
  const kind = /^event: (.*)$/m.exec(frame)?.[1] ?? ''
  const uri = /^data: (pubky:.*)$/m.exec(frame)?.[1] ?? ''
  const cursor = Number(/^data: cursor: (\d+)$/m.exec(frame)?.[1])
  return { kind, uri, cursor, hash: /^data: content_hash: (.*)$/m.exec(frame)?.[1] }
}

async function stream(query: string, headers: Record<string, string> = {}): Promise<Told[]> {
  const answer = await server.call('GET', `/events-stream?${query}`, { headers })
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
  return answer.text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map(read)
}

describe('/events/', () => {
  // covers 11.1.29, 11.1.31, 11.2.8b
  test('pages through puts and deletions, and ends with nothing at all', async () => {
    const ann = await settle(server)
    const start = (await server.call('GET', '/events/?limit=1000')).text
    const cursor = /cursor: (\d+)$/.exec(start)?.[1] ?? '0'
    for (let i = 0; i < 10; i += 1) {
      await ann.put(`/pub/e${i}`, 'x')
      await ann.del(`/pub/e${i}`)
    }
    await ann.put('/priv/hidden', 'x')
    const page = async (at: string) =>
      (await server.call('GET', `/events/?limit=10&cursor=${at}`)).text.split('\n')
    const first = await page(cursor)
    expect(first.slice(0, 10)).toEqual(
      [0, 1, 2, 3, 4].flatMap((i) => [
        `PUT pubky://${ann.who.key}/pub/e${i}`,
        `DEL pubky://${ann.who.key}/pub/e${i}`,
      ]),
    )
    const second = await page(first[10]?.replace('cursor: ', '') ?? '')
    expect(second).toHaveLength(11)
    const end = await page(second[10]?.replace('cursor: ', '') ?? '')
    expect(end).toEqual([''])
    expect(await page('pubky://9223372036854775807')).toEqual([''])
  })

  // covers 11.1.30
  test('tells of a file when everybody can read it', async () => {
    const ann = await settle(server)
    const target = `/events-stream?live=true&user=${ann.who.key}&limit=20`
    using live = await openEvents(other.running.urls.http, target)
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, i) => ann.put(`/pub/r${i}`, `body ${i}`)),
    )
    for (let count = 1; count <= 20; count += 1) {
      const { uri, hash } = read((await live.frames(count))[count - 1] ?? '')
      for (const method of ['HEAD', 'GET']) {
        const got = await other.call(method, uri.replace('pubky://', '/storage/'))
        expect([got.status, got.headers.etag]).toEqual([200, `"${hash}"`])
      }
    }
    await writing
  })

  test('finds a page by the index, though nobody has counted what the table holds', async () => {
    const client = await database.pool.connect()
    try {
      // Taken back in the end: nobody else sees them.
      await client.query('begin; delete from alone')
      await client.query(`insert into events (user_id, kind, path, proof)
        select 1, 0, '/pub/many/' || n, sha512(n::text::bytea) || repeat('x', 500)::bytea
        from generate_series(1, 30000) n`)
      const page = await publicChangesAfter(client as unknown as Pool, 0n, 1000)
      expect(page).toHaveLength(1000)
      const { rows } = await client.query(
        `select seq_tup_read::int + idx_tup_fetch::int as read from pg_stat_xact_user_tables where relname = 'events'`,
      )
      expect(rows[0].read).toBeLessThan(2000)
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

  test('takes an empty cursor as the beginning and refuses what is none', async () => {
    const all = (await server.call('GET', '/events/')).text
    expect((await server.call('GET', '/events/?cursor=')).text).toBe(all)
    expect((await server.call('GET', '/events/?limit=nonsense')).text).toBe(all)
    for (const bad of [
      'x',
      '-1',
      '9223372036854775808',
      '1.5',
      'ABCDEFGHJKMNP',
      '99999999999999999999',
    ])
      expect((await server.call('GET', `/events/?cursor=${bad}`)).text).toBe('Invalid cursor')
    expect((await server.call('GET', '/events/?reverse=maybe')).status).toBe(400)
    expect((await server.call('GET', '/events')).status).toBe(400)
  })

  // covers 11.2.8a
  test('a cursor of an older server is the event of that microsecond', async () => {
    const ann = await settle(server)
    await ann.put('/pub/legacy', 'x')
    const { rows } = await database.pool.query<{ id: string; micros: string }>(
      `select id::text, (extract(epoch from created_at) * 1000000)::bigint::text as micros
       from events order by events.id desc limit 1`,
    )
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(rows[0]?.micros ?? 0))
    await ann.put('/pub/after', 'x')
    const page = await server.call('GET', `/events/?cursor=${encodeCrockford(bytes)}`)
    expect(page.text).toMatch(/^PUT pubky:\/\/[a-z0-9]{52}\/pub\/after\ncursor: \d+$/)
  })
})

describe('concurrent writers', () => {
  // covers 11.2.8e
  test('no reader of any kind skips an event, and each acknowledged write has exactly one', async () => {
    const people = await Promise.all([1, 2, 3, 4].map(() => settle(server)))
    const from = (await server.call('GET', '/events/?limit=1000')).text
    const start = /cursor: (\d+)$/.exec(from)?.[1] ?? '0'
    using live = await openEvents(server.running.urls.http, `/events/?cursor=${start}`, {
      accept: 'text/event-stream',
    })
    using far = await openEvents(other.running.urls.http, `/events/?cursor=${start}`, {
      accept: 'text/event-stream',
    })
    const users = people.map(({ who }) => `user=${who.key}`).join('&')
    using perUser = await openEvents(other.running.urls.http, `/events-stream?live=true&${users}`)
    const paged: string[] = []
    let writing = true
    const pager = (async () => {
      for (let cursor = start; ; ) {
        const wasWriting = writing
        const page = await other.call('GET', `/events/?limit=7&cursor=${cursor}`)
        const lines = page.text.split('\n')
        const last = lines.pop() ?? ''
        paged.push(...lines)
        if (last !== '') cursor = last.replace('cursor: ', '')
        else if (!wasWriting) return
      }
    })()
    const acknowledged: string[] = []
    await Promise.all(
      Array.from({ length: 32 }, async (_, writer) => {
        const one = people[writer % 4]
        // Half of the writers use the other process.
        const at = writer % 2 === 0 ? server : other
        for (let i = 0; one && i < 12; i += 1) {
          const path = `/pub/w${writer}/${i % 5}`
          const del = i % 4 === 3
          const answer = await at.call(del ? 'DELETE' : 'PUT', `/storage/${one.who.key}${path}`, {
            headers: one.auth,
            ...(del ? {} : { body: `${writer} ${i}` }),
          })
          if (answer.status === 201 || answer.status === 204)
            acknowledged.push(`${del ? 'DEL' : 'PUT'} pubky://${one.who.key}${path}`)
        }
      }),
    )
    writing = false
    await pager
    const feeds = await Promise.all(
      [live, far, perUser].map(async (feed) => (await feed.frames(acknowledged.length)).map(read)),
    )
    expect(paged.toSorted()).toEqual(acknowledged.toSorted())
    for (const feed of feeds) {
      expect(feed.map(({ kind, uri }) => `${kind} ${uri}`)).toEqual(paged)
      const cursors = feed.map(({ cursor }) => cursor)
      expect(cursors).toEqual(cursors.toSorted((a, b) => a - b))
      expect(new Set(cursors).size).toBe(cursors.length)
    }
  })
})

describe('/events-stream', () => {
  // covers 11.1.32a, 11.1.32b, 11.1.32c, 11.1.32d, 11.1.32e, 11.1.32f, 11.1.32h, 11.1.35b, 11.2.8d
  test('sends history in pages, limits, reverses and goes on live from a cursor', async () => {
    const ann = await settle(server)
    for (let i = 0; i < 255; i += 1) await ann.put(`/pub/n${i}`, `${i}`)
    const user = `user=${ann.who.key}`
    const all = await stream(user)
    expect(all.map(({ uri }) => uri)).toEqual(
      Array.from({ length: 255 }, (_, i) => `pubky://${ann.who.key}/pub/n${i}`),
    )
    const etag = (await ann.get('/pub/n7')).headers.etag
    expect(`"${all[7]?.hash}"`).toBe(etag)
    expect(await stream(`${user}&limit=120`)).toEqual(all.slice(0, 120))
    expect(await stream(`${user}&reverse=true`)).toEqual(all.toReversed())
    const middle = all[200]?.cursor
    expect(await stream(`${user}:${middle}`)).toEqual(all.slice(201))
    expect(await stream(`${user}:${middle}&reverse=1&limit=3`)).toEqual(
      all.slice(197, 200).toReversed(),
    )
    expect(await stream(`${user}:9223372036854775807`)).toEqual([])
    const target = `/events-stream?${user}:${middle}&live=1&limit=56`
    using live = await openEvents(server.running.urls.http, target)
    expect((await live.frames(54)).map(read)).toEqual(all.slice(201))
    await ann.put('/pub/late0', 'x')
    await ann.put('/pub/late1', 'x')
    const ended = (await live.ended).map(read)
    expect(ended.slice(54).map(({ uri }) => uri.slice(-5))).toEqual(['late0', 'late1'])
  })

  test('tells all of a burst, in the order of the log and up to its limit', async () => {
    const ann = await settle(server)
    await ann.put('/pub/before', 'x')
    const [before] = await stream(`user=${ann.who.key}`)
    const from = `user=${ann.who.key}:${before?.cursor}`
    using live = await openEvents(
      server.running.urls.http,
      `/events-stream?${from}&live=1&limit=280`,
    )
    // More of them come together than are handed on in one go.
    await Promise.all(Array.from({ length: 300 }, (_, i) => ann.put(`/pub/burst/${i}`, `${i}`)))
    const all = await stream(from)
    expect(all).toHaveLength(300)
    expect((await live.ended).map(read)).toEqual(all.slice(0, 280))
  })

  // covers 11.1.32g
  test('of somebody without events ends at once, and stays open when it is live', async () => {
    const ann = await settle(server)
    expect(await stream(`user=${ann.who.key}`)).toEqual([])
    const target = `/events-stream?user=${ann.who.key}&live=true`
    using live = await openEvents(server.running.urls.http, target)
    expect(await Promise.race([live.ended, sleep(300, 'open')])).toBe('open')
    await ann.put('/pub/first', 'x')
    expect(read((await live.frames(1))[0] ?? '').uri).toBe(`pubky://${ann.who.key}/pub/first`)
  })

  // covers 11.1.33a, 11.1.33b, 11.1.34, 11.1.35b, 11.2.8c
  test('filters by folders and files, literally, and by people with cursors of their own', async () => {
    const [ann, bob, eve] = [await settle(server), await settle(server), await settle(server)]
    for (const path of ['/pub/a_b/1', '/pub/axb/1', '/pub/a_b/2', '/pub/a_b2', '/pub/%/1'])
      for (const one of [ann, bob, eve]) await one.put(path.replace('%', '%25'), 'x')
    const names = (told: Told[]) => told.map(({ uri }) => uri.slice(60))
    const user = `user=${ann.who.key}`
    expect(names(await stream(`${user}&path=/pub/a_b/`))).toEqual(['/pub/a_b/1', '/pub/a_b/2'])
    expect(names(await stream(`${user}&path=pub/a_b2`))).toEqual(['/pub/a_b2'])
    expect(names(await stream(`${user}&path=/pub/a_b`))).toEqual([])
    expect(names(await stream(`${user}&path=/pub/a_b2&path=/pub/axb/&path=`))).toEqual([
      '/pub/axb/1',
      '/pub/a_b2',
    ])
    expect(names(await stream(`${user}&path=/pub/%25/`))).toEqual(['/pub/%/1'])
    expect(await stream(`${user}&path=`)).toHaveLength(5)
    const both = await stream(`${user}&user=${bob.who.key}`)
    expect(both).toHaveLength(10)
    expect(both.map(({ cursor }) => cursor)).toEqual(
      both.map(({ cursor }) => cursor).toSorted((a, b) => a - b),
    )
    expect(both.some(({ uri }) => uri.includes(eve.who.key))).toBe(false)
    const third = both.filter(({ uri }) => uri.includes(bob.who.key))[2]?.cursor
    const resumed = await stream(`${user}&user=${bob.who.key}:${third}`)
    expect(resumed.filter(({ uri }) => uri.includes(ann.who.key))).toHaveLength(5)
    expect(resumed.filter(({ uri }) => uri.includes(bob.who.key))).toHaveLength(2)
    const rest = `user=${bob.who.key}&path=/pub/a_b/`
    const told = await stream(`${user}&${rest}`)
    expect(names(told)).toEqual(['/pub/a_b/1', '/pub/a_b/1', '/pub/a_b/2', '/pub/a_b/2'])
    expect(await stream(`${user}&${rest}&reverse=true`)).toEqual(told.toReversed())
    expect(await stream(`${user}:${told[0]?.cursor}&${rest}`)).toEqual(told.slice(1))
  })

  // covers 11.1.35a
  test('refuses bad questions by name', async () => {
    const { who } = await settle(server)
    const user = `user=${who.key}`
    const tooMany = Array.from({ length: 51 }, () => `user=${person().key}`).join('&')
    for (const [query, status, text] of [
      ['', 400, 'user parameter is required'],
      ['user=', 400, 'user parameter is required'],
      [tooMany, 400, 'Too many users. Maximum allowed: 50'],
      ['user=nobody', 400, 'Invalid public key: nobody'],
      [`user=pubky${who.key}`, 400, `Invalid public key: pubky${who.key}`],
      [`${user}&limit=0`, 400, 'limit must be at least 1'],
      [`${user}&limit=x`, 400, 'Invalid limit: x'],
      [`${user}:x`, 400, 'Invalid cursor: x'],
      [`${user}&path=/a/../../b`, 400, 'Invalid path: /a/../../b'],
      [user + '&path=/pub/a'.repeat(101), 400, 'Too many paths. Maximum allowed: 100'],
      [`${user}&live=true&reverse=true`, 400, 'Cannot use live mode with reverse ordering'],
      [`user=${person().key}`, 404, 'Not Found'],
      [
        `${user}&path=/etc/`,
        403,
        "Reading from directories other than '/pub/' and '/priv/' is forbidden",
      ],
    ] as const) {
      const answer = await server.call('GET', `/events-stream?${query}`)
      expect([query, answer.status, answer.text]).toEqual([query, status, text])
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.rawHeaders).toContain('pubky-host, Authorization, Cookie')
    }
  })
})

describe('private streams', () => {
  const PRIVATE = 'path=/priv/a/'

  // covers 11.1.36a, 11.1.36b, 11.1.36c, 11.1.36d
  test('are for the one person with the right, and show nothing else', async () => {
    const ann = await settle(server)
    const bob = await settle(server)
    const narrow = await makeGrant(server, ann.who, { caps: ['/priv/b/:rw'] })
    const narrowAuth = { authorization: await grantSignIn(server, narrow) }
    await ann.put('/priv/a/1', 'x')
    await ann.put('/priv/b/1', 'x')
    await ann.put('/pub/a/1', 'x')
    const user = `user=${ann.who.key}`
    const names = (told: Told[]) => told.map(({ uri }) => uri.slice(60))
    expect(names(await stream(user))).toEqual(['/pub/a/1'])
    expect(names(await stream(user, ann.auth))).toEqual(['/pub/a/1'])
    expect(names(await stream(`${user}&${PRIVATE}`, ann.auth))).toEqual(['/priv/a/1'])
    expect(names(await stream(`${user}&${PRIVATE}&path=/pub/`, ann.auth))).toEqual([
      '/priv/a/1',
      '/pub/a/1',
    ])
    const ask = async (query: string, headers: Record<string, string>) =>
      (await server.call('GET', `/events-stream?${query}`, { headers })).text
    const two = `${user}&user=${bob.who.key}&${PRIVATE}`
    const anonymous = await server.call('GET', `/events-stream?${user}&${PRIVATE}`)
    expect([anonymous.status, anonymous.text]).toEqual([
      401,
      'Authentication required to read private storage',
    ])
    expect(anonymous.headers['cache-control']).toBe('no-store')
    expect(anonymous.rawHeaders).toContain('pubky-host, Authorization, Cookie')
    expect(await ask(`${user}&${PRIVATE}`, bob.auth)).toBe(
      'Session user does not match target tenant',
    )
    expect(await ask(`${user}&${PRIVATE}`, narrowAuth)).toBe(
      'Session does not have read access to path',
    )
    expect(await ask(two, {})).toBe('Authentication required to read private storage')
    expect(await ask(two, ann.auth)).toBe('A private read must be scoped to exactly one user')
  })

  // covers 11.1.36e
  test('are left out of live ones that nobody asked them of', async () => {
    const ann = await settle(server)
    const target = `/events-stream?live=true&user=${ann.who.key}`
    using anonymous = await openEvents(server.running.urls.http, target)
    using owner = await openEvents(server.running.urls.http, target, ann.auth)
    await ann.put('/priv/a/1', 'x')
    await ann.put('/pub/a/1', 'x')
    for (const live of [anonymous, owner])
      expect((await live.frames(1)).map((frame) => read(frame).uri.slice(60))).toEqual(['/pub/a/1'])
  })

  // covers 11.1.36g, 11.1.36h, 11.1.36i
  test('take a cookie, unless a bearer is there, whatever it is worth', async () => {
    const who = person()
    const cookie = await cookieSignUp(server, who)
    const strange = `${who.key}=${(await cookieSignUp(server, person())).split('=')[1]}`
    const put = await server.call('PUT', `/storage/${who.key}/priv/a/1`, {
      headers: { cookie },
      body: 'x',
    })
    expect(put.status).toBe(201)
    const query = `user=${who.key}&${PRIVATE}`
    expect(await stream(query, { cookie })).toHaveLength(1)
    const authorization = `Bearer ${'A'.repeat(43)}`
    const target = `/events-stream?${query}`
    const stranger = await server.call('GET', target, { headers: { cookie: strange } })
    expect(stranger.status).toBe(401)
    const answer = await server.call('GET', target, { headers: { cookie, authorization } })
    expect(answer.status).toBe(401)
    const basic = { cookie, authorization: 'Basic eDp5' }
    expect((await server.call('GET', target, { headers: basic })).status).toBe(200)
  })
})
