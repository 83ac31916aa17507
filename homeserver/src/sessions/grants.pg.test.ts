import { createHash } from 'node:crypto'
import { publicKeyBytes, signGrant } from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { twoServers } from '../testing/fixture.ts'
import {
  cookieSignIn,
  cookieSignUp,
  grantSignIn,
  grantSignUp,
  makeGrant,
  person,
  popFor,
  postGrant,
  seconds,
  settle,
} from '../testing/people.ts'
import { startTestServer, type TestServer } from '../testing/server.ts'

const { database, server, other } = await twoServers()

const SESSION = '/auth/grant/session'

function write(at: TestServer, key: string, authorization: string, path = '/pub/x') {
  return at.call('PUT', `/storage/${key}${path}`, { headers: { authorization }, body: 'x' })
}

describe('opening a session', () => {
  // covers 11.2.5a
  test('tells what the grant allows and until when', async () => {
    const who = person()
    await grantSignUp(server, who)
    const holder = await makeGrant(server, who, { caps: ['/pub/app/:rw', '/priv/app/:r'] })
    const answer = await postGrant(server, SESSION, holder)
    expect(answer.status).toBe(200)
    const { token, session } = JSON.parse(answer.text)
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(session).toMatchObject({
      homeserver: server.running.publicKey,
      pubky: who.key,
      client_id: 'app.example',
      capabilities: ['/pub/app/:rw', '/priv/app/:r'],
      grant_id: holder.gid,
    })
    expect(session.token_expires_at).toBeGreaterThan(seconds(server) + 3590)
    const { rows } = await database.pool.query(
      'select 1 from grant_sessions where token_hash = $1',
      [createHash('sha256').update(token).digest()],
    )
    expect(rows).toHaveLength(1)
    const told = await server.call('GET', SESSION, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(JSON.parse(told.text)).toEqual(session)
  })

  // covers 11.2.5b, 11.2.5d
  test('refuses what is no JSON, no grant, or a grant by somebody else', async () => {
    const who = person()
    await grantSignUp(server, who)
    const holder = await makeGrant(server, who)
    const post = (body: string, type = 'application/json') =>
      server.call('POST', SESSION, { headers: { 'content-type': type }, body })
    expect((await post('{}', 'text/plain')).status).toBe(415)
    expect((await post('{"grant":')).status).toBe(400)
    expect((await post('{"grant":1,"pop":2}')).status).toBe(422)
    expect((await post('{"grant":"a.b","pop":"a.b.c"}')).status).toBe(422)
    expect((await post('[]')).status).toBe(422)
    expect((await post('null')).status).toBe(422)
    const shapeless = await post('{"grant":"a.b.c","pop":"a.b.c"}')
    expect([shapeless.status, shapeless.text]).toEqual([400, 'Invalid grant: invalid grant format'])
    const parts = holder.grant.split('.')
    const forged = { ...holder, grant: `${parts[0]}.${parts[1]}.${'A'.repeat(86)}` }
    const refused = await postGrant(server, SESSION, forged)
    expect([refused.status, refused.text]).toEqual([401, 'Invalid grant: invalid grant signature'])
    const stranger = await postGrant(server, SESSION, await makeGrant(server, person()))
    expect(stranger.status).toBe(404)
    expect((await post('x'.repeat(70_000))).status).toBe(413)
  })

  test('a grant of more than 64 things, or with kilobytes of words, is refused', async () => {
    const who = person()
    await grantSignUp(server, who)
    const scopes = (count: number, length = 0) =>
      Array.from({ length: count }, (_, i) => `/pub/${'x'.repeat(length)}${i}/:rw`)
    const ask = async (target: string, caps: string[]) =>
      postGrant(server, target, await makeGrant(server, who, { caps }))
    expect((await ask(SESSION, scopes(64, 50))).status).toBe(200)
    for (const caps of [scopes(65), scopes(64, 100), scopes(2000)])
      for (const target of [SESSION, '/auth/grant/signup']) {
        const { status, text, headers } = await ask(target, caps)
        expect([status, headers['pubky-error'], text]).toEqual([
          400,
          'invalid_grant_format',
          'Invalid grant: grant has too many capabilities',
        ])
      }
  })

  // covers 11.2.5c
  test('refuses a proof of possession that is for another, is old, or was used', async () => {
    const who = person()
    await grantSignUp(server, who)
    const holder = await makeGrant(server, who)
    const wrong = [
      await popFor(server, holder, { aud: person().key }),
      await popFor(server, holder, { gid: 'other' }),
      await popFor(server, holder, { iat: seconds(server) - 200 }),
      await popFor(server, holder, { iat: seconds(server) + 200 }),
      await popFor(server, { ...holder, client: person() }),
    ]
    for (const pop of wrong) {
      const answer = await postGrant(server, SESSION, holder, pop)
      expect(answer.status).toBe(401)
      expect(answer.text).toMatch(/^Invalid PoP proof: /)
    }
    const pop = await popFor(server, holder)
    expect((await postGrant(server, SESSION, holder, pop)).status).toBe(200)
    for (const at of [server, other]) {
      const replayed = await postGrant(at, SESSION, holder, await popFor(at, holder))
      expect(replayed.status).toBe(200)
    }
    const again = await postGrant(server, SESSION, holder, pop)
    expect([again.status, again.text]).toEqual([401, 'PoP nonce already used'])
  })

  // covers 11.1.14b, 11.2.5f
  test('an expired grant opens nothing, and its bearer ends with it', async () => {
    await using late = await startTestServer(database.url)
    const who = person()
    await grantSignUp(late, who)
    const holder = await makeGrant(late, who, { lifetime: 600 })
    const bearer = await grantSignIn(late, holder)
    const lasting = await makeGrant(late, who)
    const hourly = await grantSignIn(late, lasting)
    expect((await write(late, who.key, bearer)).status).toBe(201)
    late.travel(601)
    expect((await write(late, who.key, bearer)).status).toBe(401)
    const answer = await postGrant(late, SESSION, holder)
    expect([answer.status, answer.text]).toEqual([401, 'Invalid grant: grant has expired'])
    expect((await write(late, who.key, hourly)).status).toBe(201)
    late.travel(3000)
    expect((await write(late, who.key, hourly)).status).toBe(401)
    expect((await write(late, who.key, await grantSignIn(late, lasting))).status).toBe(201)
  })
})

describe('renewing and revoking', () => {
  // covers 11.1.15, 11.2.5g
  test('a new bearer ends the old one, in every process', async () => {
    const who = person()
    await grantSignUp(server, who)
    const holder = await makeGrant(server, who)
    const old = await grantSignIn(server, holder)
    expect((await write(other, who.key, old)).status).toBe(201)
    const fresh = await grantSignIn(server, holder)
    expect((await write(server, who.key, old)).status).toBe(401)
    await expect
      .poll(async () => (await write(other, who.key, old)).status, { interval: 20 })
      .toBe(401)
    expect((await write(other, who.key, fresh)).status).toBe(201)
  })

  // covers 11.1.14a, 11.1.16, 11.1.17, 11.2.5e
  test('signing out revokes this grant only, for good', async () => {
    const who = person()
    await grantSignUp(server, who)
    const holder = await makeGrant(server, who)
    const bearer = await grantSignIn(server, holder)
    const kept = await grantSignIn(server, await makeGrant(server, who))
    for (let i = 0; i < 2; i += 1)
      expect(
        (await server.call('DELETE', SESSION, { headers: { authorization: bearer } })).status,
      ).toBe(200)
    expect((await write(server, who.key, bearer)).status).toBe(401)
    expect((await write(server, who.key, kept)).status).toBe(201)
    const answer = await postGrant(server, SESSION, holder)
    expect([answer.status, answer.text]).toEqual([401, 'Grant has been revoked'])
  })

  // covers 11.1.19, 11.1.20, 11.2.5h, 11.4.6c, 11.4.6d, 11.4.6e
  test('a session for everything lists and revokes grants, a smaller one does not', async () => {
    const { who, holder, auth } = await settle(server)
    const small = await makeGrant(server, who, { caps: ['/pub/a/:rw'] })
    const smallAuth = { authorization: await grantSignIn(server, small) }
    const list = await server.call('GET', '/auth/grant/sessions', { headers: auth })
    const listed: { grant_id: string; capabilities: string }[] = JSON.parse(list.text)
    expect(listed.map((one) => [one.grant_id, one.capabilities]).sort()).toEqual(
      [
        [holder.gid, '/:rw'],
        [small.gid, '/pub/a/:rw'],
      ].sort(),
    )
    const refused = await server.call('GET', '/auth/grant/sessions', { headers: smallAuth })
    expect([refused.status, refused.text]).toEqual([403, 'Root capability required'])
    const revoke = (gid: string, headers: Record<string, string>) =>
      server.call('DELETE', `/auth/grant/session/${gid}`, { headers })
    expect((await revoke(holder.gid, smallAuth)).status).toBe(403)
    expect((await revoke('not+an+id', auth)).text).toBe('Invalid grant ID format')
    expect((await revoke('unknown', auth)).status).toBe(404)
    const stranger = await settle(server)
    const foreign = await revoke(stranger.holder.gid, auth)
    expect([foreign.status, foreign.text]).toEqual([
      403,
      'Grant does not belong to authenticated user',
    ])
    expect((await revoke(small.gid, auth)).status).toBe(200)
    expect((await write(server, who.key, smallAuth.authorization, '/pub/a/x')).status).toBe(401)
  })

  test('an id that was taken by another grant lends it nothing', async () => {
    const who = person()
    await grantSignUp(server, who)
    const narrow = await makeGrant(server, who, { caps: ['/pub/a/:rw'] })
    await grantSignIn(server, narrow)
    const client = person()
    const iat = seconds(server)
    const grant = await signGrant(who.signer, {
      clientId: 'app.example',
      caps: ['/:rw'],
      cnf: client.key,
      jti: narrow.gid,
      iat,
      exp: iat + 1000,
    })
    const answer = await postGrant(server, SESSION, { ...narrow, client, grant })
    expect(answer.status).toBe(401)
  })
})

describe('of very many grants', () => {
  const BEFORE = `insert into grants (user_id, id, client_id, client_key, capabilities, issued_at, expires_at,
      created_at, revoked_at)
    select u.id, 'g' || n, 'app.example', u.key, '/:rw', 0, $2, now() - n * interval '1 minute', $3
    from users u, generate_series(1, $4) n where u.key = $1`

  const BEARERS = `insert into grant_sessions (token_hash, user_id, grant_id, expires_at)
    select sha256((g.user_id || g.id)::bytea), g.user_id, g.id, $2
    from grants g join users u on u.id = g.user_id where u.key = $1 and g.id like 'g%'`

  async function withGrants(
    count: number,
    o: { expiresAt?: number; revokedAt?: Date; areOpen?: boolean } = {},
  ) {
    const settled = await settle(server)
    const key = Buffer.from(publicKeyBytes(settled.who.key))
    await database.pool.query(BEFORE, [key, o.expiresAt ?? 2 ** 40, o.revokedAt ?? null, count])
    if (o.areOpen) await database.pool.query(BEARERS, [key, 2 ** 40])
    const bearers = async () => {
      const sql = `select b.grant_id as id from grant_sessions b join users u on u.id = b.user_id
        where u.key = $1`
      return (await database.pool.query<{ id: string }>(sql, [key])).rows.map(({ id }) => id)
    }
    const ids = async () => {
      const sql = 'select g.id from grants g join users u on u.id = g.user_id where u.key = $1'
      return (await database.pool.query<{ id: string }>(sql, [key])).rows.map(({ id }) => id)
    }
    return { ...settled, ids, bearers }
  }

  test('the bearers of the least used end, and their grants hold until they are revoked', async () => {
    const { who, holder, auth, ids, bearers } = await withGrants(998, { areOpen: true })
    const old = await makeGrant(server, who)
    const bearer = await grantSignIn(server, old)
    expect((await write(other, who.key, bearer)).status).toBe(201)
    await database.pool.query(
      "update grants set created_at = now() - interval '9 days', last_used_at = null where id = $1",
      [old.gid],
    )
    expect(await bearers()).toHaveLength(1000)
    await grantSignIn(server, await makeGrant(server, who))
    const left = await bearers()
    expect([left.length, left.includes(old.gid), left.includes(holder.gid)]).toEqual([
      1000,
      false,
      true,
    ])
    expect(await ids()).toHaveLength(1001)
    expect((await write(server, who.key, bearer)).status).toBe(401)
    await expect.poll(async () => (await write(other, who.key, bearer)).status).toBe(401)
    expect((await write(server, who.key, auth.authorization ?? '')).status).toBe(201)
    expect((await write(server, who.key, await grantSignIn(server, old))).status).toBe(201)
    // Another takes its place in turn; both are still there to be revoked.
    for (const gid of ['g998', old.gid]) {
      const revoked = await server.call('DELETE', `${SESSION}/${gid}`, { headers: auth })
      expect([gid, revoked.status]).toEqual([gid, 200])
    }
    expect((await postGrant(server, SESSION, old)).status).toBe(401)
  })

  test.each([
    ['revoked', { revokedAt: new Date() }],
    ['not revoked', {}],
  ])('ten thousand that were %s are remembered, and are enough', async (_, o) => {
    const { who, holder } = await withGrants(10_000, o)
    const more = await postGrant(server, SESSION, await makeGrant(server, who))
    expect([more.status, more.headers['pubky-error'], more.text]).toEqual([
      429,
      'too_many_grants',
      'Too many grants of this account have not ended',
    ])
    expect((await postGrant(server, SESSION, holder)).status).toBe(200)
  })

  test('those that have ended are forgotten a day later', async () => {
    const { holder, ids } = await withGrants(3, { expiresAt: seconds(server) - 86_500 })
    const young = await withGrants(1, { expiresAt: seconds(server) - 80_000 })
    await using _ = await startTestServer(database.url)
    await expect.poll(ids).toEqual([holder.gid])
    expect(await young.ids()).toHaveLength(2)
  })
})

describe('sign-up by grant', () => {
  // covers 11.1.10, 11.2.5i
  test('asks for the right client, rights and lifetime', async () => {
    const target = '/auth/grant/signup'
    const who = person()
    const post = async (o: Parameters<typeof makeGrant>[2]) =>
      (await postGrant(server, target, await makeGrant(server, who, o))).text
    expect(await post({ lifetime: 300 })).toBe('signup grants must use client_id pubky.signup')
    const clientId = 'pubky.signup'
    expect(await post({ clientId, lifetime: 300, caps: ['/pub/:rw'] })).toBe(
      'Root capability required',
    )
    expect(await post({ clientId, lifetime: 301 })).toBe('signup grant lifetime exceeds 5 minutes')
    expect(await post({ clientId, lifetime: 300, iat: seconds(server) + 200 })).toBe(
      'signup grant iat is too far in the future',
    )
    await grantSignUp(server, who)
    expect(await post({ clientId, lifetime: 300 })).toBe('User already exists')
    const { rows } = await database.pool.query(
      'select u.id, g.id as grant_id from users u left join grants g on g.user_id = u.id where u.key = $1',
      [Buffer.from(publicKeyBytes(who.key))],
    )
    expect(rows).toMatchObject([{ grant_id: null }])
  })
})

describe('credentials side by side', () => {
  // covers 11.2.4b
  test('a bearer of somebody else is 403, a dead one gives way to the cookie', async () => {
    const ann = person()
    const cookie = await cookieSignUp(server, ann)
    const bob = await settle(server)
    expect((await write(server, ann.key, bob.auth.authorization ?? '')).text).toBe(
      'Session user does not match target tenant',
    )
    const put = (authorization: string) =>
      server.call('PUT', `/storage/${ann.key}/pub/x`, {
        headers: { authorization, cookie },
        body: 'x',
      })
    expect((await put(`Bearer ${'A'.repeat(43)}`)).status).toBe(201)
    expect((await put('bearer x')).status).toBe(201)
    expect((await put(bob.auth.authorization ?? '')).status).toBe(403)
    await cookieSignIn(server, ann)
  })
})
