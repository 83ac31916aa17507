import { once } from 'node:events'
import { createPool } from '@pubky/server-kit'
import pg from 'pg'
import { expect, test } from 'vitest'
import { twoServers } from '../testing/fixture.ts'
import { openEvents } from '../testing/http.ts'
import {
  cookieSignUp,
  grantSignIn,
  makeGrant,
  person,
  postGrant,
  proofHeader,
  settle,
} from '../testing/people.ts'
import type { TestServer } from '../testing/server.ts'

const PRIVATE = 'path=/priv/a/'

const { database, server, other } = await twoServers()

// covers 11.1.36f, 11.1.36j, 11.1.36k, 11.1.36l, 11.2.7b
test('private streams close everywhere when the grant or session behind them ends; public ones stay', async () => {
  const ann = await settle(server)
  const cookieUser = person()
  const cookie = await cookieSignUp(server, cookieUser)
  const url = other.running.urls.http
  const base = `/events-stream?live=true&user=${ann.who.key}`
  using open = await openEvents(url, base, ann.auth)
  using hidden = await openEvents(url, `${base}&${PRIVATE}`, ann.auth)
  const byCookie = `/events-stream?live=true&user=${cookieUser.key}&${PRIVATE}`
  using hiddenByCookie = await openEvents(url, byCookie, { cookie })
  expect([open.status, hidden.status, hiddenByCookie.status]).toEqual([200, 200, 200])
  const second = await makeGrant(server, ann.who)
  const auth = { authorization: await grantSignIn(server, second) }
  const put = (path: string) =>
    server.call('PUT', `/storage/${ann.who.key}${path}`, { headers: auth, body: 'x' })
  await put('/priv/a/1')
  await hidden.frames(1)
  await server.call('DELETE', '/auth/grant/session', { headers: ann.auth })
  expect(await hidden.ended).toHaveLength(1)
  const signOut = { headers: { cookie, 'pubky-host': cookieUser.key } }
  await server.call('DELETE', '/session', signOut)
  expect(await hiddenByCookie.ended).toHaveLength(0)
  await put('/pub/a/1')
  expect(await open.frames(1)).toHaveLength(1)
})

test('a stream that is opened while its session ends does not stay open', async () => {
  const ann = await settle(server)
  const target = `/events-stream?live=true&user=${ann.who.key}&${PRIVATE}`
  const one = async () => {
    const headers = { authorization: await grantSignIn(server, await makeGrant(server, ann.who)) }
    const opening = openEvents(other.running.urls.http, target, headers)
    const revoked = server.call('DELETE', '/auth/grant/session', { headers })
    using stream = await opening
    await revoked
    await stream.ended
    return stream.status
  }
  const statuses = await Promise.all(Array.from({ length: 40 }, one))
  expect(statuses.filter((status) => status !== 200 && status !== 401)).toEqual([])
})

// covers 11.2.7c
test('private streams close when a notice cannot be read', async () => {
  const ann = await settle(server)
  const target = `/events-stream?live=true&user=${ann.who.key}&${PRIVATE}`
  using hidden = await openEvents(other.running.urls.http, target, ann.auth)
  await database.pool.query("select pg_notify('auth_revocations', 'nonsense')")
  expect(await hidden.ended).toEqual([])
})

// covers 11.2.7a
test('revocations are told in the form that every process knows', async () => {
  const ann = await settle(server)
  const who = person()
  const cookie = await cookieSignUp(server, who)
  const { rows } = await database.pool.query<{ id: string }>('select max(id) as id from sessions')
  const client = new pg.Client(database.url)
  await client.connect()
  await client.query('listen auth_revocations')
  const heard = async (method: string, target: string, headers: Record<string, string>) => {
    const notice = once(client, 'notification')
    await server.call(method, target, { headers })
    return JSON.parse((await notice)[0].payload)
  }
  const session = await heard('DELETE', '/session', { cookie, 'pubky-host': who.key })
  expect(session).toEqual({ kind: 'cookie_session', id: Number(rows[0]?.id) })
  const grant = await heard('DELETE', '/auth/grant/session', ann.auth)
  expect(grant).toEqual({ kind: 'grant', id: ann.holder.gid })
  await client.end()
})

// covers 11.2.7c, 11.2.7d, 11.2.8f
test('private streams close when notices can no longer be heard, and open again when they can', async () => {
  const ann = await settle(server)
  const target = `/events-stream?live=true&user=${ann.who.key}`
  const url = server.running.urls.http
  using open = await openEvents(url, target)
  using hidden = await openEvents(url, `${target}&${PRIVATE}`, ann.auth)
  const admin = createPool(database.url.replace(/\/[^/]*$/, '/postgres'), { max: 1 })
  const name = new URL(database.url).pathname.slice(1)
  await admin.query(`alter database ${name} allow_connections false`)
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listen' and datname = $1",
    [name],
  )
  expect(await hidden.ended).toEqual([])
  const ask = () =>
    server.call('GET', `/events-stream?user=${ann.who.key}&${PRIVATE}`, { headers: ann.auth })
  const refused = await ask()
  expect([refused.status, refused.text]).toEqual([
    503,
    'Private event streams are temporarily unavailable',
  ])
  // Nobody tells of it: the table is looked into from time to time.
  await ann.put('/pub/unannounced', 'x')
  expect(await open.frames(1)).toHaveLength(1)
  await admin.query(`alter database ${name} allow_connections true`)
  await admin.end()
  await expect.poll(async () => (await ask()).status).toBe(200)
})

test('a key that its owner revokes is signed out at once in every process, and is never let in again', async () => {
  const ann = await settle(server)
  const [lost, kept] = [await makeGrant(server, ann.who), await makeGrant(server, ann.who)]
  const headers = { authorization: await grantSignIn(server, lost) }
  const others = { authorization: await grantSignIn(server, kept) }
  const bob = await settle(server)
  const target = `/events-stream?live=true&user=${ann.who.key}&${PRIVATE}`
  using hidden = await openEvents(other.running.urls.http, target, headers)
  using open = await openEvents(other.running.urls.http, target, others)
  const status = async (at: TestServer, auth: Record<string, string>) =>
    (await at.call('GET', '/auth/grant/session', { headers: auth })).status
  expect([await status(server, headers), await status(other, headers)]).toEqual([200, 200])
  const path = `/pub/pubky.keys/revoked/${lost.client.key}`
  const body = JSON.stringify({ v: 1, at: Number(server.now()), keep: null })
  const proof = { owner: ann.who.key, path, body, timestamp: server.now() }
  const answer = await ann.put(path, body, await proofHeader(ann.who.signer, proof))
  expect(answer.status).toBe(201)
  expect(await status(server, headers)).toBe(401)
  await hidden.ended
  await expect.poll(() => status(other, headers)).toBe(401)
  const again = await makeGrant(server, ann.who, { client: lost.client })
  for (const holder of [lost, again]) {
    const refused = await postGrant(server, '/auth/grant/session', holder)
    expect([refused.status, refused.headers['pubky-error']]).toEqual([401, 'grant_revoked'])
  }
  const theirs = await makeGrant(server, bob.who, { client: lost.client })
  expect((await postGrant(server, '/auth/grant/session', theirs)).status).toBe(200)
  expect([await status(server, others), await status(other, others)]).toEqual([200, 200])
  await ann.put('/priv/a/1', 'x')
  expect(await open.frames(1)).toHaveLength(1)
})

test('a session that is opened while its key is being revoked does not outlive it', async () => {
  const ann = await settle(server)
  const race = async () => {
    const holder = await makeGrant(server, ann.who)
    const path = `/pub/pubky.keys/revoked/${holder.client.key}`
    const body = JSON.stringify({ v: 1, at: Number(server.now()), keep: null })
    const proof = { owner: ann.who.key, path, body, timestamp: server.now() }
    const header = await proofHeader(ann.who.signer, proof)
    const [opened] = await Promise.all([
      postGrant(other, '/auth/grant/session', holder),
      ann.put(path, body, header),
    ])
    return opened.status === 200 ? JSON.parse(opened.text).token : null
  }
  const tokens = await Promise.all(Array.from({ length: 40 }, race))
  const live = async () => {
    const asked = tokens.map((token) =>
      server.call('GET', '/auth/grant/session', { headers: { authorization: `Bearer ${token}` } }),
    )
    return (await Promise.all(asked)).filter(({ status }) => status !== 401).length
  }
  await expect.poll(live).toBe(0)
})
