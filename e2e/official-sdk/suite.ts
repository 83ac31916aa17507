import {
  blake3Sync,
  keypairFromSeed,
  parsePublicKey,
  signerFromKeypair,
  toBase64,
  utf8,
} from '@pubky/protocol'
import { startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { Keypair, Pubky, PublicKey, type Session } from '@synonymdev/pubky'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appPages } from './app-page.ts'
import { defineAuthFlow, HOMESERVER, homeOf } from './auth-flow.ts'
import { defineBrowser } from './browser.ts'
import { defineClientSide } from './client-side.ts'
import { PORTS } from './isolation.ts'
import { defineSessions } from './sessions.ts'
import { defineWhole } from './whole.ts'

type Address = `pubky://${string}/pub/${string}`

let net: TestNetwork

/** A client with nothing but the port numbers of the official testnet. */
const testnet = () => Pubky.testnet()
// The SDK takes the objects it is given away from their owner, so each call gets a new one.
const homeserver = () => PublicKey.from(HOMESERVER)

async function signedUp(pubky = testnet()) {
  const keypair = Keypair.random()
  const key = keypair.publicKey.z32()
  const session = await pubky
    .signer(Keypair.fromSecret(keypair.secret()))
    .signup(homeserver(), null)
  return {
    pubky,
    key,
    session,
    secret: keypair.secret(),
    at: (path: string) => `pubky://${key}/pub/${path}` as Address,
  }
}

const signerOf = (pubky: Pubky, secret: Uint8Array) => pubky.signer(Keypair.fromSecret(secret))
const names = (uris: string[], key: string) =>
  uris.map((uri) => uri.slice(`pubky://${key}/pub/`.length))

/** What the SDK throws is no `Error` everywhere. */
async function failure(
  promise: Promise<unknown>,
): Promise<{ name: string; message: string; data?: unknown }> {
  return promise.then(
    () => ({ name: 'nothing was thrown', message: '' }),
    (error: unknown) => error as { name: string; message: string },
  )
}

/** The unmodified package of the existing clients against this system (spec/homeserver.md 9, 10, 11.3). */
export function defineSuite(): void {
  beforeAll(async () => {
    net = await startTestNetwork({ ports: PORTS })
  })
  afterAll(async () => {
    await net?.[Symbol.asyncDispose]()
  })

  // covers 11.3.7a, 11.1.1
  test('signs up, and the record names the homeserver', async () => {
    const { session, key } = await signedUp()
    expect(session.info.publicKey.z32()).toBe(key)
    expect(session.info.capabilities).toEqual(['/:rw'])
    await expect.poll(() => homeOf(key)).toBe(HOMESERVER)
    expect(await testnet().getHomeserverOf(Keypair.random().publicKey)).toBeUndefined()
  })

  test('a second sign-up of the same key is refused', async () => {
    const { pubky, secret } = await signedUp()
    const error = await failure(signerOf(pubky, secret).signup(homeserver(), null))
    expect(error).toMatchObject({ name: 'RequestError', data: { statusCode: 409 } })
    expect(error.message).toContain('User already exists')
  })

  // covers 11.3.9b, 11.1.41
  test('stores text, JSON and bytes and reads them back as their owner and as anybody', async () => {
    const { session, at } = await signedUp()
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i)
    await session.storage.putText('/pub/app/a.txt', 'hello')
    await session.storage.putJson('/pub/app/a.json', { a: [1, 'ä'] })
    await session.storage.putBytes('/pub/app/a.bin', bytes)
    expect(await session.storage.getText('/pub/app/a.txt')).toBe('hello')
    expect(await session.storage.getJson('/pub/app/a.json')).toEqual({ a: [1, 'ä'] })
    expect(await session.storage.getBytes('/pub/app/a.bin')).toEqual(bytes)
    const anybody = testnet().publicStorage
    expect(await anybody.getText(at('app/a.txt'))).toBe('hello')
    expect(await anybody.getJson(at('app/a.json'))).toEqual({ a: [1, 'ä'] })
    expect(await anybody.getBytes(at('app/a.bin'))).toEqual(bytes)
    const response = await anybody.get(at('app/a.json'))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ a: [1, 'ä'] })
  })

  // covers 11.3.9h, 11.3.9i
  test('tells size, type, time and hash, also after an overwrite', async () => {
    const { session, at } = await signedUp()
    const before = Math.floor(Date.now() / 1000) * 1000
    await session.storage.putJson('/pub/app/a.json', { a: 1 })
    const stats = await session.storage.stats('/pub/app/a.json')
    expect(stats).toMatchObject({
      contentLength: 7,
      contentType: 'application/json',
      etag: '1ZtlYtfJsSG8l2CHPXh4kO9NQpqtM6cLQFuqD6CKH1M=',
    })
    expect(stats?.lastModifiedMs).toBeGreaterThanOrEqual(before)
    await session.storage.putText('/pub/app/a.json', 'other')
    const after = await testnet().publicStorage.stats(at('app/a.json'))
    expect(after?.etag).toBe(toBase64(blake3Sync(utf8('other'))))
    expect(await session.storage.exists('/pub/app/a.json')).toBe(true)
    expect(await session.storage.exists('/pub/app/none')).toBe(false)
    expect(await session.storage.stats('/pub/app/none')).toBeUndefined()
  })

  // covers 11.3.9d, 11.3.9e, 11.3.9f
  test('lists with every option', async () => {
    const { session, key, at } = await signedUp()
    const paths = [
      'a.com/a.txt',
      'example.com/a.txt',
      'example.com/b.txt',
      'example.com/c.txt',
      'example.con-file',
      'file',
      'z.com/a.txt',
    ] as const
    for (const path of paths) await session.storage.putText(`/pub/${path}`, path)
    const list = async (
      ...o: [(string | null)?, (boolean | null)?, (number | null)?, (boolean | null)?]
    ) => names(await session.storage.list('/pub/', ...o), key)
    expect(await list()).toEqual(paths)
    expect(await list(null, true)).toEqual([...paths].reverse())
    expect(await list(null, null, 2)).toEqual(paths.slice(0, 2))
    expect(await list(at('example.com/b.txt'), null, 2)).toEqual(paths.slice(3, 5))
    expect(await list(at('example.com/b.txt'), true, 2)).toEqual([paths[1], paths[0]])
    const shallow = ['a.com/', 'example.com/', 'example.con-file', 'file', 'z.com/']
    expect(await list(null, false, null, true)).toEqual(shallow)
    expect(await list(at('example.com/'), false, 2, true)).toEqual(['example.con-file', 'file'])
    expect(await list(null, true, null, true)).toEqual([...shallow].reverse())
    const anybody = names(await testnet().publicStorage.list(at('example.com/')), key)
    expect(anybody).toEqual(paths.slice(1, 4))
    const none = await failure(session.storage.list('/pub/none/'))
    expect(none).toMatchObject({ name: 'RequestError', data: { statusCode: 404 } })
  })

  // covers 11.3.9f
  test('deletes', async () => {
    const { session, at } = await signedUp()
    await session.storage.putText('/pub/a.txt', 'hello')
    await session.storage.delete('/pub/a.txt')
    expect(await session.storage.exists('/pub/a.txt')).toBe(false)
    for (const gone of [
      session.storage.getText('/pub/a.txt'),
      testnet().publicStorage.getText(at('a.txt')),
      session.storage.delete('/pub/a.txt'),
    ])
      expect(await failure(gone)).toMatchObject({ name: 'RequestError', data: { statusCode: 404 } })
  })

  // covers 11.3.9c, 11.4.8a
  test('writes outside the two roots are refused in the known words', async () => {
    const { session } = await signedUp()
    const error = await failure(session.storage.putText('/other/a.txt' as '/pub/a.txt', 'x'))
    expect(error).toMatchObject({ name: 'RequestError', data: { statusCode: 403 } })
    expect(error.message).toContain("Writing to directories other than '/pub/'")
  })

  // covers 11.3.8b, 11.1.2
  test('signs out, after which writes are refused, and signs in again', async () => {
    const { session, pubky, secret, at } = await signedUp()
    await session.storage.putText('/pub/a.txt', 'one')
    await session.signout()
    const again = await signerOf(pubky, secret).signin()
    await again.storage.putText('/pub/a.txt', 'two')
    expect(await testnet().publicStorage.getText(at('a.txt'))).toBe('two')
    const path = at('a.txt').replace(/^pubky:\/\/([^/]+)/, 'https://_pubky.$1')
    await again.signout()
    const refused = await pubky.client.fetch(path, { method: 'PUT', body: 'three' })
    expect(refused.status).toBe(401)
    expect(await testnet().publicStorage.getText(at('a.txt'))).toBe('two')
  })

  // covers 11.3.8a
  test('restores an exported session while it lasts', async () => {
    const { session, key, secret, pubky } = await signedUp()
    const exported = session.export()
    const restored = await testnet().restoreSession(exported)
    expect(restored.info.publicKey.z32()).toBe(key)
    await restored.storage.putText('/pub/a.txt', 'restored')
    const blocking = await signerOf(pubky, secret).signinBlocking()
    await blocking.signout()
    const error = await failure(testnet().restoreSession(exported))
    expect(['AuthenticationError', 'RequestError']).toContain(error.name)
  })

  // covers 11.1.8, 11.3.8c, 11.1.44
  test('two people in one client do not disturb each other', async () => {
    const pubky = testnet()
    const [one, two] = [await signedUp(pubky), await signedUp(pubky)]
    const write = (session: Session, text: string) => session.storage.putText('/pub/same.txt', text)
    await write(one.session, 'one')
    await write(two.session, 'two')
    await one.session.signout()
    await write(two.session, 'two again')
    expect(await pubky.publicStorage.getText(one.at('same.txt'))).toBe('one')
    expect(await pubky.publicStorage.getText(two.at('same.txt'))).toBe('two again')
  })

  // covers 11.1.23, 11.1.24, 11.3.7b
  test('publishes the record anew only when it should', async () => {
    const { pubky, secret, key } = await signedUp()
    const { pkdns } = signerOf(pubky, secret)
    const stamp = async () =>
      new DataView(await (await fetch(`http://localhost:15411/${key}`)).arrayBuffer()).getBigUint64(
        64,
      )
    const first = await stamp()
    await pkdns.publishHomeserverIfStale()
    expect(await stamp()).toBe(first)
    await pkdns.publishHomeserverForce()
    expect(await stamp()).toBeGreaterThan(first)
    expect((await pkdns.getHomeserver())?.z32()).toBe(HOMESERVER)
  })

  // covers 11.1.29
  test('reads the feed of the whole homeserver', async () => {
    const { session, key, pubky } = await signedUp()
    await session.storage.putText('/pub/a.txt', 'a')
    await session.storage.delete('/pub/a.txt')
    const lines: string[] = []
    let cursor = '0'
    for (;;) {
      const response = await pubky.client.fetch(
        `https://${HOMESERVER}/events/?cursor=${cursor}&limit=50`,
      )
      expect(response.status).toBe(200)
      const page = (await response.text()).split('\n').filter((line) => line !== '')
      if (page.length === 0) break
      cursor = page.pop()?.replace(/^cursor: /, '') ?? ''
      expect(cursor).toMatch(/^\d+$/)
      lines.push(...page)
    }
    expect(lines.filter((line) => line.includes(key))).toEqual([
      `PUT pubky://${key}/pub/a.txt`,
      `DEL pubky://${key}/pub/a.txt`,
    ])
  })

  // covers 11.1.32f
  test('follows the stream of one person', async () => {
    const { session, key, pubky } = await signedUp()
    await session.storage.putText('/pub/a.txt', 'hello')
    await session.storage.delete('/pub/a.txt')
    const open = (query: string) =>
      pubky.client.fetch(`https://${HOMESERVER}/events-stream?user=${key}${query}`)
    const history = await (await open('')).text()
    const frames = history.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'))
    expect(frames.map((frame) => frame.replace(/cursor: \d+/, 'cursor: N'))).toEqual([
      `event: PUT\ndata: pubky://${key}/pub/a.txt\ndata: cursor: N\ndata: content_hash: 6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8=`,
      `event: DEL\ndata: pubky://${key}/pub/a.txt\ndata: cursor: N`,
    ])
    const live = await open('&live=true&limit=3')
    expect(live.headers.get('content-type')).toBe('text/event-stream')
    await session.storage.putText('/pub/b.txt', 'b')
    expect(await live.text()).toContain(`event: PUT\ndata: pubky://${key}/pub/b.txt`)
    expect((await open('&live=true&reverse=true')).status).toBe(400)
  })

  // covers 11.1.57a, 11.1.57b, 11.3.5a
  test('reaches the homeserver and ordinary addresses through its own fetch', async () => {
    const { client } = testnet()
    expect(await (await client.fetch(`https://${HOMESERVER}/`)).text()).toBe('Pubky Homeserver')
    const info = (await (await client.fetch(`https://${HOMESERVER}/info`)).json()) as {
      features: string[]
    }
    expect(info.features).toContain('path-addressed-storage')
    expect((await client.fetch('http://localhost:6286/')).status).toBe(200)
  })

  // covers 11.3.10
  test('takes sign-up tokens of the admin', async () => {
    const response = await fetch('http://localhost:6288/generate_signup_token', {
      headers: { 'x-admin-password': 'admin' },
    })
    const token = await response.text()
    expect(token).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    const session = await testnet().signer(Keypair.random()).signup(homeserver(), token)
    await session.storage.putText('/pub/a.txt', 'x')
  })

  test('reads what our client has signed, and ours reads what it has written', async () => {
    const { session, key, secret, at } = await signedUp()
    await session.storage.putText('/pub/theirs.txt', 'theirs')
    const ours = net.client()
    const user = parsePublicKey(key)
    expect(await ours.homeserverOf(user)).toBe(HOMESERVER)
    expect((await ours.verifyObject(at('theirs.txt'))).verdict).toBe('unsigned')
    const root = signerFromKeypair(keypairFromSeed(secret))
    const signed = await ours.signInCookie(root)
    await signed.storage.put('/pub/ours.txt', utf8('ours'))
    expect(await testnet().publicStorage.getText(at('ours.txt'))).toBe('ours')
    expect(await ours.verifyObject(at('ours.txt'))).toMatchObject({
      verdict: 'signed',
      signer: user,
    })
    await session.storage.putText('/pub/ours.txt', 'theirs again')
    expect((await ours.verifyObject(at('ours.txt'))).verdict).toBe('unsigned')
  })

  const pages = appPages()
  defineAuthFlow(() => net)
  defineBrowser(() => net, pages)
  defineWhole(pages)
  defineSessions()
  defineClientSide()
}
