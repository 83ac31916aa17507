import { expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { cookieSignIn, cookieSignUp, grantSignIn, makeGrant, person } from '../testing/people.ts'

const { server } = await oneServer()

type Credentials = Record<string, string>

async function twoPeople() {
  const [ann, bob] = [person(), person()]
  const cookie = await cookieSignUp(server, ann)
  const bobCookie = await cookieSignUp(server, bob)
  const bearerOf = async (who: typeof ann, ...caps: string[]) => ({
    authorization: await grantSignIn(server, await makeGrant(server, who, { caps })),
  })
  return { ann, bob, cookie, bobCookie, bearerOf }
}

const NOT_A_READER = 'Session does not have read access to path'
const NOT_A_WRITER = 'Session does not have write access to path'
const OTHER_TENANT = 'Session user does not match target tenant'
const NOT_SIGNED_IN = 'No authenticated session found'
const SIGN_IN_TO_READ = 'Authentication required to read private storage'
const NO_READING = "Reading from directories other than '/pub/' and '/priv/' is forbidden"
const NO_WRITING = "Writing to directories other than '/pub/' and '/priv/' is forbidden"

// covers 11.2.4a, 11.2.4b, 11.1.45, 11.1.46, 11.1.52a, 11.1.52b, 11.1.52c, 11.2.1g, 11.2.1h, 11.2.1j, 11.2.1l, 11.2.1q
test('roots, credentials and methods decide alone, whatever is there and however it is addressed', async () => {
  const { ann, bob, cookie, bobCookie, bearerOf } = await twoPeople()
  const owner = { cookie }
  const everything = { read: 'ok', write: 'ok' }
  const nobody = { read: SIGN_IN_TO_READ, write: NOT_SIGNED_IN }
  const other = { read: OTHER_TENANT, write: OTHER_TENANT }
  const table: [string, Credentials, { read: string; write: string }][] = [
    ['nobody', {}, nobody],
    ['a dead bearer', { authorization: `Bearer ${'A'.repeat(43)}` }, nobody],
    ['a foreign cookie', { cookie: bobCookie }, nobody],
    ['a foreign secret', { cookie: `${ann.key}=${bobCookie.split('=')[1]}` }, nobody],
    ['a foreign bearer', await bearerOf(bob, '/:rw'), other],
    ['a foreign bearer beside the own cookie', { ...(await bearerOf(bob, '/:rw')), cookie }, other],
    [
      'a bearer for elsewhere',
      await bearerOf(ann, '/pub/b/:rw', '/priv/b/:rw', '/pub/a:rw', '/priv/a:rw'),
      { read: NOT_A_READER, write: NOT_A_WRITER },
    ],
    [
      'a reader',
      await bearerOf(ann, '/pub/a/:r', '/priv/a/:r'),
      { read: 'ok', write: NOT_A_WRITER },
    ],
    [
      'a writer',
      await bearerOf(ann, '/pub/a/:w', '/priv/a/:w'),
      { read: NOT_A_READER, write: 'ok' },
    ],
    ['a bearer for it', await bearerOf(ann, '/pub/a/:rw', '/priv/a/:rw'), everything],
    ['a bearer for everything', await bearerOf(ann, '/:rw'), everything],
    ['the cookie', owner, everything],
    ['the cookie beside a dead bearer', { cookie, authorization: 'Bearer x' }, everything],
  ]
  const call = async (method: string, path: string, headers: Credentials, byPath: boolean) => {
    const target = byPath ? `/storage/${ann.key}${path}` : path
    const tenant: Credentials = byPath ? {} : { 'pubky-host': ann.key }
    const body = method === 'PUT' ? { body: 'x' } : {}
    const { status, text } = await server.call(method, target, {
      headers: { ...headers, ...tenant },
      ...body,
    })
    return [status, text] as const
  }
  for (const [who, headers, { read, write }] of table)
    for (const root of ['/pub/', '/priv/', '/etc/'])
      for (const byPath of [true, false]) {
        const [there, absent] = [`${root}a/there`, `${root}a/absent`]
        const isKnown = root !== '/etc/'
        if (isKnown) await call('PUT', there, owner, byPath)
        const reading = isKnown ? (root === '/pub/' ? 'ok' : read) : NO_READING
        const isAnonymous = write === NOT_SIGNED_IN
        const writing = isKnown || isAnonymous ? write : NO_WRITING
        for (const [method, path, allowed] of [
          ['GET', there, 200],
          ['GET', absent, 404],
          ['GET', `${root}a/`, 200],
          ['GET', `${root}none/`, 404],
          ['PUT', there, 201],
          ['DELETE', absent, 404],
        ] as const) {
          const wanted = method === 'GET' ? reading : writing
          const says = `${who}, ${method} ${path}`
          // The folder that is not there is covered by the root alone.
          if (path.startsWith(`${root}none`) && wanted === 'ok') continue
          const [status, text] = await call(method, path, headers, byPath)
          if (wanted === 'ok') expect([says, status]).toEqual([says, allowed])
          else {
            const isMissing = wanted === NOT_SIGNED_IN || wanted === SIGN_IN_TO_READ
            expect([says, status, text]).toEqual([says, isMissing ? 401 : 403, wanted])
          }
        }
        const [head] = await call('HEAD', there, headers, byPath)
        const [get] = await call('GET', there, headers, byPath)
        expect([who, root, head]).toEqual([who, root, get])
      }
})

// covers 11.2.4c
test('a bearer is told by its scheme and its length, and nothing else takes the place of a cookie', async () => {
  const { ann, cookie, bearerOf } = await twoPeople()
  const { authorization } = await bearerOf(ann, '/:rw')
  const token = authorization.slice('Bearer '.length)
  const statusOf = async (target: string, headers: Credentials) =>
    (await server.call('GET', target, { headers })).status
  const list = `/storage/${ann.key}/priv/`
  const stream = `/events-stream?user=${ann.key}&path=/priv/`
  await server.call('PUT', `${list}a`, { headers: { cookie }, body: 'x' })
  for (const [value, isBearer, closesStream] of [
    [`Bearer ${token}`, true, false],
    [`bearer ${token}`, false, false],
    [`Bearer ${token.slice(1)}`, false, true],
    [`Bearer ${token}A`, false, true],
    [`Basic ${token}`, false, false],
    [token, false, false],
    ['', false, false],
  ] as const) {
    const alone = { authorization: value }
    expect([value, await statusOf(list, alone)]).toEqual([value, isBearer ? 200 : 401])
    expect(await statusOf(list, { ...alone, cookie })).toBe(200)
    expect([value, await statusOf(stream, { ...alone, cookie })]).toEqual([
      value,
      closesStream ? 401 : 200,
    ])
  }
  const narrow = await cookieSignIn(server, ann, { caps: '/pub/a/:rw' })
  expect(await statusOf(list, { cookie: narrow })).toBe(403)
})
