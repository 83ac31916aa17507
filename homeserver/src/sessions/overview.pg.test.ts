import { publicKeyBytes } from '@pubky/protocol'
import { expect, test } from 'vitest'
import { twoServers } from '../testing/fixture.ts'
import { openEvents } from '../testing/http.ts'
import { cookieSignIn, cookieSignUp, grantSignIn, makeGrant, person } from '../testing/people.ts'
import type { TestServer } from '../testing/server.ts'

const { database, server: a, other: b } = await twoServers()

async function signedIn() {
  const who = person()
  const host = { 'pubky-host': who.key }
  const program = { ...host, cookie: await cookieSignUp(a, who) }
  const origin = 'https://app.example'
  const web = { ...host, origin, cookie: await cookieSignIn(a, who, { headers: { origin } }) }
  const holder = await makeGrant(a, who, { caps: ['/pub/:rw'], clientId: 'notes.example' })
  const grant = { authorization: await grantSignIn(a, holder) }
  const list = async (headers: Record<string, string>) =>
    JSON.parse((await a.call('GET', '/sessions', { headers })).text).sessions
  return { who, program, web, grant, key: holder.client.key, list }
}

test('a person sees where they are signed in, and which of it is here', async () => {
  const { who, program, web, grant, key, list } = await signedIn()
  await a.call('PUT', `/storage/${who.key}/pub/a.txt`, { headers: grant, body: 'x' })
  await expect
    .poll(async () => (await list(web)).every((one: { last_used_at: unknown }) => one.last_used_at))
    .toBe(false)
  await a.call('GET', '/session', { headers: program })
  await expect
    .poll(async () => (await list(web)).every((one: { last_used_at: unknown }) => one.last_used_at))
    .toBe(true)
  const sessions = await list(web)
  const common = { created_at: expect.any(Number), last_used_at: expect.any(Number) }
  expect(sessions).toHaveLength(3)
  const cookie = { ...common, kind: 'cookie', key: null, capabilities: ['/:rw'], expires_at: null }
  const id = expect.stringMatching(/^cookie-\d+$/)
  expect(sessions).toContainEqual({ ...cookie, id, client: 'https://app.example', current: true })
  expect(sessions).toContainEqual({ ...cookie, id, client: '', current: false })
  expect(sessions).toContainEqual({
    ...common,
    id: expect.stringMatching(/^grant-/),
    kind: 'grant',
    client: 'notes.example',
    key,
    capabilities: ['/pub/:rw'],
    expires_at: expect.any(Number),
    current: false,
  })
})

test('of more than a thousand cookie sessions the least used end, everywhere', async () => {
  const { who, program, web } = await signedIn()
  const look = async (server: TestServer, headers: Record<string, string>) =>
    (await server.call('GET', '/session', { headers })).status
  expect([await look(b, program), await look(b, web)]).toEqual([200, 200])
  const key = Buffer.from(publicKeyBytes(who.key))
  await database.pool.query(
    `insert into sessions (secret_hash, user_id, capabilities, created_at)
     select sha512(n::text::bytea), u.id, '/:rw', now() - n * interval '1 minute'
     from users u, generate_series(1, 998) n where u.key = $1`,
    [key],
  )
  await database.pool.query(
    `update sessions s set created_at = now() - interval '9 days', last_used_at = case origin when '' then null else now() end
     from users u where u.id = s.user_id and u.key = $1 and octet_length(secret_hash) = 32`,
    [key],
  )
  await cookieSignIn(a, who)
  expect([await look(a, program), await look(a, web)]).toEqual([404, 200])
  await expect.poll(() => look(b, program)).toBe(404)
  const { rows } = await database.pool.query(
    'select count(*)::int as n from sessions s join users u on u.id = s.user_id where u.key = $1',
    [key],
  )
  expect(rows).toEqual([{ n: 1000 }])
})

test('a session that is ended there ends everywhere, with the streams it reads', async () => {
  const { who, program, web, grant, list } = await signedIn()
  const ids: Record<string, string> = Object.fromEntries(
    (await list(web)).map((one: { client: string; id: string }) => [one.client, one.id]),
  )
  const end = (id = '') => a.call('DELETE', `/sessions/${id}`, { headers: web })
  const target = `/events-stream?live=true&user=${who.key}&path=/priv/`
  using stream = await openEvents(b.running.urls.http, target, { cookie: program.cookie })
  expect(stream.status).toBe(200)
  expect((await end(ids[''])).status).toBe(204)
  await stream.ended
  expect((await end(ids[''])).status).toBe(404)
  await expect
    .poll(async () => (await b.call('GET', '/session', { headers: program })).status)
    .toBe(404)
  const put = async (server: TestServer) =>
    (await server.call('PUT', `/storage/${who.key}/pub/a.txt`, { headers: grant, body: 'x' }))
      .status
  expect(await put(b)).toBe(201)
  expect((await end(ids['notes.example'])).status).toBe(204)
  expect(await put(a)).toBe(401)
  await expect.poll(() => put(b)).toBe(401)
  expect(await list(web)).toHaveLength(1)
})

test('who is signed in a thousand times over is told of the newest', async () => {
  const { who, web, list } = await signedIn()
  await database.pool.query(
    `insert into grants (user_id, id, client_id, client_key, capabilities, issued_at, expires_at, created_at)
     select user_id, 'many-' || i, 'many.example', client_key, capabilities, issued_at, expires_at,
       created_at - i * interval '1 minute'
     from grants, generate_series(1, 1100) as i
     where user_id = (select id from users where key = $1)`,
    [Buffer.from(publicKeyBytes(who.key))],
  )
  const clients = (await list(web)).map((one: { client: string }) => one.client)
  expect(clients).toHaveLength(1002)
  expect(clients).toContain('notes.example')
  const answer = await a.call('GET', '/auth/grant/sessions', { headers: web })
  const grants: { grant_id: string; client_id: string }[] = JSON.parse(answer.text)
  expect(grants).toHaveLength(1000)
  expect([grants[0]?.client_id, grants.at(-1)?.grant_id]).toEqual(['notes.example', 'many-999'])
})

test('only who may do everything sees or ends sessions, and only their own', async () => {
  const [one, other] = [await signedIn(), await signedIn()]
  const get = (headers: Record<string, string>) => a.call('GET', '/sessions', { headers })
  expect((await get({})).status).toBe(401)
  expect((await get(one.grant)).status).toBe(403)
  const { id } = (await other.list(other.web))[0]
  const end = (name: string) => a.call('DELETE', `/sessions/${name}`, { headers: one.web })
  for (const name of [id, 'cookie-0', 'grant-none', 'nothing', 'cookie-x', '%00'])
    expect([name, (await end(name)).status]).toEqual([name, 404])
  expect(await other.list(other.web)).toHaveLength(3)
})
