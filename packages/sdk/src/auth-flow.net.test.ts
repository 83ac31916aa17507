import {
  channelUrl,
  keypairFromSeed,
  type PublicKeyZ32,
  parseDeepLink,
  randomKeypair,
  signerFromKeypair,
  utf8,
} from '@pubky/protocol'
import { startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthRequest } from './auth-types.ts'
import type { Pubky } from './types.ts'

let net: TestNetwork
let app: Pubky
let manager: Pubky

beforeAll(async () => {
  net = await startTestNetwork({ homeservers: 3, closed: 1 })
  app = net.client()
  manager = net.client()
})
afterAll(async () => {
  await net?.[Symbol.asyncDispose]()
})

const CAPABILITIES = '/pub/app.test/:rw'

async function person(home: PublicKeyZ32 | null = net.homeserverKey) {
  const root = signerFromKeypair(randomKeypair())
  if (home) await manager.signUp(root, home)
  return root
}

const request = (o: Partial<AuthRequest> = {}): AuthRequest => ({
  capabilities: CAPABILITIES,
  relay: `${net.httpRelay}/inbox`,
  ...o,
})
const grantFor = (client = randomKeypair()) => ({ client, clientId: 'app.test' })

describe.each(['inbox', 'inbox/', 'link', 'link/'])('over a relay that ends in /%s', (family) => {
  const relayed = () => ({ relay: `${net.httpRelay}/${family}` })

  // covers 11.1.11, 11.4.1b
  test('an app gets a session whose objects its own key signs', async () => {
    const root = await person()
    const client = randomKeypair()
    const flow = await app.startAuth(request({ ...relayed(), grant: grantFor(client) }))
    await manager.approveAuth(root, flow.url)
    const session = await flow.session
    expect(session.user).toBe(root.publicKey)
    expect(session.capabilities).toEqual([CAPABILITIES])
    await session.storage.put('/pub/app.test/a.txt', utf8('hello'))
    const found = await app.verifyObject(`pubky://${session.user}/pub/app.test/a.txt`)
    expect(found).toMatchObject({ verdict: 'signed', signer: client.publicKey })
    await expect(session.storage.put('/pub/other/a.txt', utf8('x'))).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  // covers 11.1.21, 11.4.1b
  test('a person signs up at the home the app proposes', async () => {
    const root = await person(null)
    const [, second] = net.homeservers
    const homeserver = second?.publicKey ?? net.homeserverKey
    const flow = await app.startAuth(
      request({ ...relayed(), grant: grantFor(), signUp: { homeserver } }),
    )
    await manager.approveAuth(root, flow.url)
    const session = await flow.session
    expect([session.user, session.homeserver]).toEqual([root.publicKey, homeserver])
    expect(session.capabilities).toEqual([CAPABILITIES])
    expect(await app.homeserverOf(root.publicKey, { policy: 'network-only' })).toBe(homeserver)
  })

  test('apps of older generations get a cookie session, with sign-up or without', async () => {
    const root = await person(null)
    for (const signUp of [{ homeserver: net.homeserverKey }, undefined]) {
      const flow = await app.startAuth(request({ ...relayed(), ...(signUp && { signUp }) }))
      await manager.approveAuth(root, flow.url)
      const session = await flow.session
      expect(session).toMatchObject({ user: root.publicKey, info: { kind: 'cookie' } })
      await session.storage.put('/pub/app.test/a.txt', utf8('hello'))
    }
  })
})

// covers 11.4.1f
test('an approval that comes before the app listens again is not lost', async () => {
  const root = await person()
  const client = randomKeypair()
  const first = await app.startAuth(request({ grant: grantFor(client) }))
  first.cancel()
  await expect(first.session).rejects.toMatchObject({ code: 'cancelled' })
  await manager.approveAuth(root, first.url)
  const resumed = await app.resumeAuth(first.url, client)
  expect((await resumed.session).user).toBe(root.publicKey)
  await expect(app.resumeAuth(first.url, randomKeypair())).rejects.toMatchObject({
    code: 'auth_link_invalid',
  })
})

// covers 11.1.5, 11.1.12
test.each([
  ['a grant', true],
  ['a cookie', false],
])('%s arrives although the app was cut off from the relay again and again', async (_, byGrant) => {
  const root = await person()
  let cut = 0
  const shaky: typeof fetch = async (input, init) => {
    const isPoll = String(input).startsWith(net.httpRelay) && init?.method === undefined
    if (!isPoll || cut === 3) return fetch(input, init)
    cut += 1
    const late = AbortSignal.timeout(50)
    return fetch(input, { ...init, signal: AbortSignal.any([late, init?.signal ?? late]) })
  }
  const grant = byGrant ? { grant: grantFor() } : {}
  const flow = await net.client({ fetch: shaky }).startAuth(request(grant))
  await expect.poll(() => cut).toBe(3)
  await manager.approveAuth(root, flow.url)
  expect((await flow.session).user).toBe(root.publicKey)
})

// covers 11.4.1e, 11.4.1g
test('a cookie flow is resumed from its link alone, and only a link with a channel is', async () => {
  const root = await person()
  const first = await app.startAuth(request())
  first.cancel()
  await manager.approveAuth(root, first.url)
  const resumed = await app.resumeAuth(first.url, null)
  expect((await resumed.session).info.kind).toBe('cookie')
  for (const url of [
    `pubkyauth://direct_signup?hs=${net.homeserverKey}`,
    'pubkyauth://secret_export?secret=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc',
    'https://app.test',
  ])
    await expect(app.resumeAuth(url, null)).rejects.toMatchObject({ code: 'auth_link_invalid' })
})

// covers 11.4.1c
test('the link says what is asked, and where to go afterwards', async () => {
  const callbacks = { success: 'https://app.test/done?x=1' }
  const flow = await app.startAuth(request({ grant: grantFor(), callbacks }))
  flow.cancel()
  expect(parseDeepLink(flow.url)).toMatchObject({
    intent: 'signin_grant',
    clientId: 'app.test',
    callbacks,
  })
})

test('nobody approves, and the request ends', async () => {
  const flow = await app.startAuth(request({ grant: grantFor() }), { timeoutMs: 300 })
  await expect(flow.session).rejects.toMatchObject({ code: 'auth_expired' })
})

test('what is no answer to the request is refused', async () => {
  const flow = await app.startAuth(request({ grant: grantFor() }))
  const { secret } = parseDeepLink(flow.url) as { secret: Uint8Array }
  await fetch(channelUrl(`${net.httpRelay}/inbox`, secret), { method: 'POST', body: 'noise' })
  await expect(flow.session).rejects.toMatchObject({ code: 'auth_answer_invalid' })

  // A grant for somebody else's key.
  const root = await person()
  const other = await app.startAuth(request({ grant: grantFor() }))
  const swapped = other.url.replace(/cpk=[^&]*/, `cpk=${randomKeypair().publicKey}`)
  await manager.approveAuth(root, swapped)
  await expect(other.session).rejects.toMatchObject({ code: 'grant_invalid' })
})

test('where there is no relay, the request ends early', async () => {
  const flow = await app.startAuth(request({ relay: `${net.httpRelay}/nowhere` }))
  await expect(flow.session).rejects.toMatchObject({ code: 'not_found' })
})

// covers 11.4.1d
test('links that ask for a key, or for nothing that parses, are not approved', async () => {
  const root = await person(null)
  const secret = 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc'
  for (const url of [`pubkyauth://secret_export?secret=${secret}`, 'pubkyauth://signin?caps=', 'x'])
    await expect(manager.approveAuth(root, url)).rejects.toMatchObject({
      code: 'auth_link_invalid',
    })
  await expect(app.startAuth(request({ capabilities: 'nonsense' }))).rejects.toMatchObject({
    code: 'auth_link_invalid',
  })
})

// covers 11.1.27a, 11.4.1a
test('a link may ask for nothing but an account', async () => {
  const root = await person(null)
  await manager.approveAuth(root, `pubkyauth://direct_signup?hs=${net.homeserverKey}`)
  expect(await app.homeserverOf(root.publicKey)).toBe(net.homeserverKey)
  expect(keypairFromSeed(new Uint8Array(32)).publicKey).toBe(net.homeserverKey)
})

// covers 11.1.27b, 11.1.28
test('a link for an account carries the token of a home that asks for one', async () => {
  const root = await person(null)
  const closed = net.homeservers[2]
  const link = `pubkyauth://direct_signup?hs=${closed?.publicKey}`
  for (const [url, code, status] of [
    [link, 'token_required', 400],
    [`${link}&st=000G-40R4-0M30`, 'token_invalid', 401],
  ] as const)
    await expect(manager.approveAuth(root, url)).rejects.toMatchObject({ code, status })
  expect(await net.client().homeserverOf(root.publicKey)).toBeNull()
  const headers = { 'x-admin-password': 'admin' }
  const answer = await fetch(`${closed?.urls.admin}/generate_signup_token`, { headers })
  await manager.approveAuth(root, `${link}&st=${await answer.text()}`)
  expect(await net.client().homeserverOf(root.publicKey)).toBe(closed?.publicKey)
})
