import { publicKeyBytes, signAuthToken, toMicros } from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { twoServers } from '../testing/fixture.ts'
import { authToken, cookieOf, cookieSignIn, cookieSignUp, person } from '../testing/people.ts'
import { startTestServer, type TestServer } from '../testing/server.ts'

const { database, server, other } = await twoServers()

function write(at: TestServer, key: string, cookie: string, origin?: string) {
  const headers = { cookie, ...(origin !== undefined && { origin }) }
  return at.call('PUT', `/storage/${key}/pub/x`, { headers, body: 'x' })
}

function readSession(at: TestServer, key: string, cookie: string, origin?: string) {
  const headers = { cookie, 'pubky-host': key, ...(origin !== undefined && { origin }) }
  return at.call('GET', '/session', { headers })
}

describe('AuthTokens', () => {
  // covers 11.2.6b
  test('a token works once, whichever endpoint and process it is sent to', async () => {
    const who = person()
    const body = await authToken(server, who)
    expect((await server.call('POST', '/signup', { body })).status).toBe(200)
    for (const [at, target] of [
      [server, '/session'],
      [other, '/session'],
      [other, '/signup'],
    ] as const) {
      const again = await at.call('POST', target, { body })
      expect([again.status, again.text]).toEqual([400, 'AuthToken already used'])
    }
  })

  // covers 11.2.6b
  test('a token that nobody can use any more is forgotten, a young one is not', async () => {
    const keys = ['old', 'young'].map((text) => Buffer.from(text))
    await database.pool.query(
      `insert into used_tokens (key, ts_micros, created_at)
       values ($1, 1, now() - interval '401 seconds'), ($2, 1, now() - interval '300 seconds')`,
      keys,
    )
    await using starting = await startTestServer(database.url)
    const left = async () => {
      const sql = 'select key from used_tokens where key = any($1)'
      return (await database.pool.query(sql, [keys])).rows.map(({ key }) => String(key))
    }
    await expect.poll(left).toEqual(['young'])
    expect((await starting.call('GET', '/')).status).toBe(200)
  })

  test('a token of three minutes ago is taken, an older or later one is refused by name', async () => {
    await using still = await startTestServer(database.url, { isStill: true })
    const who = person()
    await cookieSignUp(still, who)
    const at = async (seconds: number) => {
      const time = toMicros(still.now() + BigInt(seconds) * 1_000_000n)
      return still.call('POST', '/session', {
        body: await signAuthToken(who.signer, '/:rw', time),
      })
    }
    expect((await at(-178)).status).toBe(200)
    expect((await at(178)).status).toBe(200)
    expect((await at(-181)).text).toBe(
      'AuthToken has a timestamp that is more than 3 minutes in the past',
    )
    const late = await at(183)
    expect([late.status, late.text]).toEqual([
      400,
      'AuthToken has a timestamp that is more than 3 minutes in the future',
    ])
  })

  test('bytes that are no token are 400 and change nothing', async () => {
    const good = Buffer.from(await authToken(server, person()))
    const forged = Buffer.from(good)
    forged[90] = (forged[90] ?? 0) ^ 1
    const versioned = Buffer.from(good)
    versioned[74] = 1
    const longer = Buffer.concat([good, Buffer.from([0])])
    const overrun = Buffer.from(good)
    overrun[115] = 0xff
    for (const body of [
      Buffer.alloc(0),
      good.subarray(0, 74),
      good.subarray(0, 116),
      forged,
      versioned,
      longer,
      overrun,
      Buffer.alloc(5000, 0xff),
    ]) {
      const answer = await server.call('POST', '/signup', { body })
      expect(answer.status).toBe(400)
      expect(answer.headers['pubky-error']).toBeTruthy()
    }
    expect((await server.call('POST', '/signup', { body: longer })).text).toBe('Invalid Signature')
    expect((await server.call('POST', '/signup', { body: versioned })).text).toBe('Unknown version')
    const huge = await server.call('POST', '/signup', { body: Buffer.alloc(2 * 1024 * 1024 + 1) })
    expect(huge.status).toBe(413)
  })

  test('a token that asks for more than 64 things, or with 4 kB of words, is refused by name', async () => {
    const who = person()
    await cookieSignUp(server, who)
    const scopes = (count: number, length = 0) =>
      Array.from({ length: count }, (_, i) => `/pub/${'x'.repeat(length)}${i}/:rw`).join(',')
    const ask = async (target: string, caps: string) =>
      server.call('POST', target, { body: await authToken(server, who, caps) })
    expect((await ask('/session', scopes(64, 50))).status).toBe(200)
    for (const caps of [scopes(65), scopes(64, 70), scopes(4000)])
      for (const target of ['/session', '/signup']) {
        const { status, headers } = await ask(target, caps)
        expect([status, headers['pubky-error']]).toEqual([400, 'invalid_auth_token'])
      }
    // It is not even read.
    const unread = Buffer.concat([await authToken(server, who), Buffer.alloc(5000)])
    unread[0] = (unread[0] ?? 0) ^ 1
    const { text } = await server.call('POST', '/session', { body: unread })
    expect(text).toBe('AuthToken has too many capabilities')
  })

  test('signing up twice is 409, signing in without an account 404', async () => {
    const who = person()
    await cookieSignUp(server, who)
    const again = await server.call('POST', '/signup', { body: await authToken(server, who) })
    expect([again.status, again.text]).toEqual([409, 'User already exists'])
    const unknown = await server.call('POST', '/session', {
      body: await authToken(server, person()),
    })
    expect([unknown.status, unknown.text]).toEqual([404, 'Not Found'])
  })
})

describe('the cookie', () => {
  // covers 11.2.6a
  test('is for foreign sites only where the host is a key or a name with a dot', async () => {
    const who = person()
    await cookieSignUp(server, who)
    const flags = async (headers: Record<string, string>) => {
      const body = await authToken(server, who)
      return (await server.call('POST', '/session', { headers, body })).headers['set-cookie']?.[0]
    }
    expect(await flags({})).toMatch(
      /^[a-z0-9]{52}=[0-9A-Z]{26}; HttpOnly; Path=\/; Max-Age=31536000; Expires=[^;]+ GMT$/,
    )
    expect(await flags({ host: 'localhost' })).not.toContain('Secure')
    expect(await flags({ host: 'example.com:443' })).not.toContain('Secure')
    expect(await flags({ host: '10.0.0.1' })).not.toContain('Secure')
    expect(await flags({ host: 'home.example' })).toContain('; SameSite=None; Secure')
    expect(await flags({ 'x-forwarded-host': 'home.example' })).toContain('; SameSite=None; Secure')
    expect(await flags({ forwarded: 'for=1.2.3.4;host=home.example' })).toContain('Secure')
    expect(await flags({ host: who.key })).toContain('; SameSite=None; Secure')
  })

  // covers 11.1.46
  test('counts for the person whose name it has only', async () => {
    const [ann, bob] = [person(), person()]
    const annCookie = await cookieSignUp(server, ann)
    const bobCookie = await cookieSignUp(server, bob)
    const swapped = `${bob.key}=${annCookie.split('=')[1]}`
    expect((await write(server, bob.key, swapped)).status).toBe(401)
    expect((await write(server, bob.key, annCookie)).status).toBe(401)
    const both = `${annCookie}; ${bobCookie}`
    expect((await write(server, ann.key, both)).status).toBe(201)
    expect((await write(server, bob.key, both)).status).toBe(201)
    const session = await readSession(server, ann.key, both)
    expect(session.body.subarray(1, 33)).toEqual(Buffer.from(publicKeyBytes(ann.key)))
    expect((await readSession(server, person().key, both)).status).toBe(404)
  })

  test('writes within its capabilities only', async () => {
    const who = person()
    await cookieSignUp(server, who)
    const cookie = await cookieSignIn(server, who, { caps: '/pub/app/:rw' })
    const at = (path: string) =>
      server.call('PUT', `/storage/${who.key}${path}`, { headers: { cookie }, body: 'x' })
    expect((await at('/pub/app/x')).status).toBe(201)
    const outside = await at('/pub/application')
    expect([outside.status, outside.text]).toEqual([
      403,
      'Session does not have write access to path',
    ])
  })
})

describe('origins', () => {
  test('a cookie of one site is nothing on another, on none, and on one without a name', async () => {
    const who = person()
    const cookie = await cookieSignUp(server, who, { origin: 'https://app.example' })
    expect((await write(server, who.key, cookie, 'https://app.example')).status).toBe(201)
    for (const origin of ['https://evil.example', 'null', undefined, 'https://app.example:8443'])
      expect((await write(server, who.key, cookie, origin)).status).toBe(401)
  })

  test('a sandboxed page gets no session', async () => {
    const who = person()
    const signedUp = await server.call('POST', '/signup', {
      headers: { origin: 'null' },
      body: await authToken(server, who),
    })
    expect(signedUp.status).toBe(200)
    expect(signedUp.headers['set-cookie']).toBeUndefined()
    const { rows } = await database.pool.query("select 1 from sessions where origin = 'null'")
    expect(rows).toHaveLength(0)
  })

  // covers 11.1.9, 11.3.8f
  test('a second site adds its session to the cookie; signing out there leaves the first', async () => {
    const who = person()
    const cookie = await cookieSignUp(server, who, { origin: 'https://a.example' })
    const second = await cookieSignIn(server, who, {
      headers: { origin: 'https://b.example', cookie },
    })
    expect(second).toBe(cookie)
    expect((await write(server, who.key, cookie, 'https://a.example')).status).toBe(201)
    expect((await write(server, who.key, cookie, 'https://b.example')).status).toBe(201)
    const signOut = (origin: string) =>
      server.call('DELETE', '/session', { headers: { cookie, origin, 'pubky-host': who.key } })
    const left = await signOut('https://b.example')
    expect([left.status, left.headers['set-cookie']]).toEqual([200, undefined])
    expect((await write(server, who.key, cookie, 'https://b.example')).status).toBe(401)
    expect((await write(server, who.key, cookie, 'https://a.example')).status).toBe(201)
    const last = await signOut('https://a.example')
    expect(last.headers['set-cookie']?.[0]).toMatch(new RegExp(`^${who.key}=; .*Max-Age=0`))
    expect((await signOut('https://a.example')).status).toBe(200)
  })

  test('without an origin each sign-in is a session of its own', async () => {
    const who = person()
    const first = await cookieSignUp(server, who)
    const second = await cookieSignIn(server, who, { headers: { cookie: first } })
    expect(second).not.toBe(first)
    await server.call('DELETE', '/session', { headers: { cookie: second, 'pubky-host': who.key } })
    expect((await write(server, who.key, first)).status).toBe(201)
    expect((await write(server, who.key, second)).status).toBe(401)
  })

  test('somebody who plants a cookie value gets nothing from its later use', async () => {
    const who = person()
    await cookieSignUp(server, who)
    const planted = `${who.key}=${'0'.repeat(26)}`
    const got = await cookieSignIn(server, who, {
      headers: { origin: 'https://a.example', cookie: planted },
    })
    expect(got).not.toBe(planted)
  })
})

describe('several processes', () => {
  test('signing out, and signing in with fewer rights, hold at once everywhere', async () => {
    const who = person()
    const origin = 'https://a.example'
    const cookie = await cookieSignUp(server, who, { origin })
    expect((await write(other, who.key, cookie, origin)).status).toBe(201)
    await cookieSignIn(server, who, { caps: '/pub/y:r', headers: { origin, cookie } })
    await expect
      .poll(async () => (await write(other, who.key, cookie, origin)).status, { interval: 20 })
      .toBe(403)
    await server.call('DELETE', '/session', { headers: { cookie, origin, 'pubky-host': who.key } })
    await expect
      .poll(async () => (await write(other, who.key, cookie, origin)).status, { interval: 20 })
      .toBe(401)
    expect((await readSession(other, who.key, cookie, origin)).status).toBe(404)
  })
})

describe('sign-up tokens', () => {
  // covers 11.1.25, 11.1.26
  test('allow one sign-up each, and tell their state ten times a minute', async () => {
    await using closed = await startTestServer(database.url, {
      config: { signupMode: 'token_required', adminPassword: 'secret' },
      isStill: true,
    })
    const who = person()
    const signUp = async (token?: string) =>
      closed.call('POST', `/signup${token === undefined ? '' : `?signup_token=${token}`}`, {
        body: await authToken(closed, who),
      })
    expect((await closed.admin('GET', '/generate_signup_token')).text).toBe(
      'Missing admin password',
    )
    const wrong = { headers: { 'x-admin-password': 'admin' } }
    expect((await closed.admin('GET', '/generate_signup_token', wrong)).status).toBe(401)
    const made = await closed.admin('GET', '/generate_signup_token', {
      headers: { 'x-admin-password': 'secret' },
    })
    expect(made.text).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    const state = (token: string) => closed.call('GET', `/signup_tokens/${token}`)
    expect([(await signUp()).text, (await signUp('x')).text]).toEqual([
      'Token required',
      'Invalid signup token format: Invalid signup code id',
    ])
    const unknown = await signUp('000G-40R4-0M30')
    expect([unknown.status, unknown.text]).toEqual([401, 'Invalid token'])
    expect(JSON.parse((await state(made.text)).text).status).toBe('valid')
    const done = await signUp(made.text)
    expect(done.status).toBe(200)
    expect(cookieOf(done)).toContain(who.key)
    const { status, headers, text } = await state(made.text)
    expect([status, headers['cache-control'], JSON.parse(text).status]).toEqual([
      200,
      'no-store',
      'used',
    ])
    const reuse = await closed.call('POST', `/signup?signup_token=${made.text}`, {
      body: await authToken(closed, person()),
    })
    expect([reuse.status, reuse.text]).toEqual([401, 'Token already used'])
    expect((await state('nonsense')).status).toBe(400)
    expect((await state('000G-40R4-0M30')).status).toBe(404)
    const answers = await Promise.all(Array.from({ length: 12 }, () => state('000G-40R4-0M30')))
    const refused = answers.find((answer) => answer.status === 429)
    expect(refused?.headers['retry-after']).toMatch(/^[1-9]\d*$/)
  })

  test('one token used by two people at once lets one in', async () => {
    await using closed = await startTestServer(database.url, {
      config: { signupMode: 'token_required' },
    })
    const made = await closed.admin('GET', '/generate_signup_token', {
      headers: { 'x-admin-password': 'admin' },
    })
    const answers = await Promise.all(
      Array.from({ length: 4 }, async () =>
        closed.call('POST', `/signup?signup_token=${made.text}`, {
          body: await authToken(closed, person()),
        }),
      ),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401, 401, 401])
  })
})
