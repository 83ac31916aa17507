import { setTimeout as sleep } from 'node:timers/promises'
import { startDhtNode } from '@pubky/dht'
import {
  blake3Sync,
  keypairFromSeed,
  nowMicros,
  type PublicKeyZ32,
  parseStrictPath,
  randomBytes,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutbox } from './outbox.ts'
import type { EventsQuery, HomeEvent, Pubky, Session } from './types.ts'

let net: TestNetwork
const REQUEST = { clientId: 'app.test', capabilities: '/pub/app/:rw,/priv/app/:rw' }

beforeAll(async () => {
  net = await startTestNetwork({ homeservers: 2 })
})
afterAll(async () => {
  await net?.[Symbol.asyncDispose]()
})

function person() {
  const keypair = randomKeypair()
  return { key: keypair.publicKey, root: signerFromKeypair(keypair) }
}

async function signedUp(client = net.client()) {
  const who = person()
  const session = await client.signUpGrant(who.root, {
    homeserver: net.homeserverKey,
    client: randomKeypair(),
    ...REQUEST,
  })
  return { ...who, client, session }
}

/** A session whose grant has ended; where signing in takes longer than it lasts, it lasts longer. */
async function endedSession(client: Pubky, root: Signer): Promise<string> {
  for (let seconds = 1; ; seconds *= 4) {
    const brief = { client: randomKeypair(), ...REQUEST, expSeconds: seconds }
    const session = await client.signInGrant(root, brief).catch((error: unknown) => {
      if (seconds > 60) throw error
      return null
    })
    if (!session) continue
    await sleep(seconds * 1000 + 500)
    return session.export()
  }
}

const text = async (session: Session, path: string) =>
  new Response(
    (await session.storage.get(path)).body as ReadableStream<Uint8Array<ArrayBuffer>>,
  ).text()

describe('against a real homeserver, relay and DHT', () => {
  test('a person signs up, writes signed objects, and anybody verifies them', async () => {
    const { key, session } = await signedUp()
    expect(session.homeserver).toBe(keypairFromSeed(new Uint8Array(32)).publicKey)
    await session.storage.put('/pub/app/hello.txt', utf8('hello'))
    const reader = net.client()
    expect(await reader.homeserverOf(key)).toBe(net.homeserverKey)
    const uri = `pubky://${key}/pub/app/hello.txt`
    const found = await reader.verifyObject(uri)
    expect(found.verdict).toBe('signed')
    expect(await reader.storage.head(uri)).toMatchObject({ size: 5, type: 'text/plain' })
    await session.storage.delete('/pub/app/hello.txt')
    expect(await reader.storage.head(uri)).toBeNull()
    await expect(reader.storage.get(uri)).rejects.toMatchObject({ code: 'not_found', status: 404 })
  })

  test('all of it works over the DHT alone, without a relay', async () => {
    const { key, session } = await signedUp()
    await session.storage.put('/pub/app/a', utf8('found'))
    await using node = await startDhtNode({
      host: '127.0.0.1',
      port: 0,
      bootstrap: [net.dht],
      network: 'local',
      clock: nowMicros,
      random: randomBytes,
      readOnly: true,
    })
    await node.ready
    const alone = net.client({ relays: [], dht: node })
    expect(await alone.homeserverOf(key)).toBe(net.homeserverKey)
    const verified = await alone.verifyObject(`pubky://${key}/pub/app/a`)
    expect(verified.verdict).toBe('signed')
    const who = person()
    await alone.signUp(who.root, net.homeserverKey)
    expect(await net.client().homeserverOf(who.key)).toBe(net.homeserverKey)
    expect(await alone.homeserverOf(person().key)).toBeNull()
  })

  test('a repeated sign-up succeeds; one elsewhere is refused', async () => {
    const { root, client } = await signedUp()
    await client.signUp(root, net.homeserverKey)
    const other = net.homeservers[1]?.publicKey ?? net.homeserverKey
    await client.signUp(root, other)
    expect(await net.client().homeserverOf(root.publicKey)).toBe(other)
    await expect(client.signUp(root, net.homeserverKey)).rejects.toMatchObject({
      code: 'user_exists',
    })
  })

  test('names of any kind are stored as they are, listed, and read back', async () => {
    const { session, key } = await signedUp()
    const names = ['a b', 'ä%20', "it's (new)!*", '日本', 'a+b&c=d?e#f', '~x-y_z.']
    for (const name of names) await session.storage.put(`/pub/app/n/${name}`, utf8(name))
    const listed: string[] = []
    for await (const uri of session.storage.list('/pub/app/n/')) listed.push(uri)
    expect(listed.sort()).toEqual(names.map((name) => `pubky://${key}/pub/app/n/${name}`).sort())
    for (const name of names) expect(await text(session, `/pub/app/n/${name}`)).toBe(name)
  })

  test('lists in pages, from both ends, from a cursor, and shallow', async () => {
    const { session, key } = await signedUp()
    for (const name of ['a', 'b/1', 'b/2', 'c'])
      await session.storage.put(`/pub/app/${name}`, utf8('x'))
    const list = async (o: Parameters<Session['storage']['list']>[1]) => {
      const found: string[] = []
      for await (const uri of session.storage.list('/pub/app/', o))
        found.push(uri.slice(`pubky://${key}/pub/app/`.length))
      return found
    }
    expect(await list({})).toEqual(['a', 'b/1', 'b/2', 'c'])
    expect(await list({ reverse: true, limit: 2 })).toEqual(['c', 'b/2'])
    expect(await list({ cursor: `pubky://${key}/pub/app/b/1` })).toEqual(['b/2', 'c'])
    expect(await list({ shallow: true })).toEqual(['a', 'b/', 'c'])
    const none: string[] = []
    for await (const uri of session.storage.list('/pub/app/none/')) none.push(uri)
    expect(none).toEqual([])
  })

  // covers 11.4.8b
  test('private files are read by their owner only', async () => {
    const { session, key } = await signedUp()
    await session.storage.put('/priv/app/diary.txt', utf8('secret'))
    expect(await text(session, '/priv/app/diary.txt')).toBe('secret')
    const stranger = net.client().storage
    await expect(stranger.get(`pubky://${key}/priv/app/diary.txt`)).rejects.toMatchObject({
      code: 'unauthorized',
    })
  })

  // covers 11.1.37e, 11.1.37g, 11.4.3a
  test('private changes are told to their owner only', async () => {
    const { session, key, client, root } = await signedUp()
    await session.storage.put('/priv/app/a', utf8('a'))
    const query = { users: [{ user: key }], paths: ['/priv/app/'] }
    const told: string[] = []
    for await (const { path } of client.events(net.homeserverKey, { ...query, session }))
      told.push(path)
    expect(told).toEqual(['/priv/app/a'])
    const first = (q: EventsQuery, at = net.homeserverKey) =>
      client.events(at, q)[Symbol.asyncIterator]().next()
    await expect(first(query)).rejects.toMatchObject({ code: 'unauthorized' })

    const cookie = await client.signInCookie(root)
    const live = client.events(net.homeserverKey, { ...query, session: cookie, live: true })
    const heard: string[] = []
    for await (const { path } of live) {
      heard.push(path)
      if (heard.length === 1) await session.storage.put('/priv/app/b', utf8('b'))
      else break
    }
    expect(heard).toEqual(['/priv/app/a', '/priv/app/b'])
  })

  // covers 11.1.37c, 11.1.37d, 11.1.37f
  test('a session is sent to its own home about its own user, and nowhere else', async () => {
    const sent: { url: string; credentials: boolean }[] = []
    const watched = net.client({
      fetch: async (input, init) => {
        const headers = new Headers(init?.headers)
        const credentials = headers.has('authorization') || headers.has('cookie')
        if (String(input).includes('/events-stream')) sent.push({ url: String(input), credentials })
        return fetch(input, init)
      },
    })
    const { key, root, session } = await signedUp(watched)
    const cookie = await watched.signInCookie(root)
    const other = await signedUp()
    const away = net.homeservers[1]
    await other.client.signUp(other.root, away?.publicKey ?? net.homeserverKey)
    await session.storage.put('/pub/app/a', utf8('a'))
    const paths = ['/priv/app/']
    for (const own of [session, cookie])
      for (const [at, users] of [
        [net.homeserverKey, [{ user: key }]],
        [net.homeserverKey, [{ user: other.key }]],
        [net.homeserverKey, [{ user: key }, { user: other.key }]],
        [away?.publicKey ?? net.homeserverKey, [{ user: key }]],
      ] as const) {
        const reading = watched.events(at, { users, paths, session: own })[Symbol.asyncIterator]()
        await reading.next().catch(() => {})
      }
    const [home, abroad] = [net.homeserver.urls.http, away?.urls.http]
    const told = sent.map(({ url, credentials }) => [new URL(url).port, credentials])
    const port = (url = '') => new URL(url).port
    const expected = [
      [port(home), true],
      [port(home), false],
      [port(home), false],
      [port(abroad), false],
    ]
    expect(told).toEqual([...expected, ...expected])
  })

  // covers 11.1.37b, 11.4.3b
  test('more than fifty people, and people who are none, are refused', async () => {
    const { client } = await signedUp()
    const first = (users: { user: PublicKeyZ32 }[]) =>
      client.events(net.homeserverKey, { users })[Symbol.asyncIterator]().next()
    const many = Array.from({ length: 51 }, () => ({ user: person().key }))
    await expect(first(many)).rejects.toMatchObject({ code: 'bad_request', status: 400 })
    await expect(first([{ user: 'nobody' as PublicKeyZ32 }])).rejects.toMatchObject({
      code: 'bad_request',
    })
    await expect(first([{ user: person().key }])).rejects.toMatchObject({ code: 'not_found' })
  })

  test('what the grant does not cover, collides or is too late is refused by its code', async () => {
    const { session } = await signedUp()
    await expect(session.storage.put('/pub/other/a', utf8('x'))).rejects.toMatchObject({
      code: 'forbidden',
    })
    await session.storage.put('/pub/app/file', utf8('x'), { create: true })
    const same = await session.storage.put('/pub/app/file', utf8('x'), { create: true })
    expect(same.outcome).toBe('same')
    await expect(
      session.storage.put('/pub/app/file', utf8('y'), { create: true }),
    ).rejects.toMatchObject({ code: 'already_exists', status: 412 })
    await expect(session.storage.put('/pub/app/file/below', utf8('x'))).rejects.toMatchObject({
      code: 'path_collision',
    })
    await expect(session.storage.delete('/pub/app/nothing')).rejects.toMatchObject({
      code: 'not_found',
    })
    await session.signOut()
    await expect(session.storage.put('/pub/app/late', utf8('x'))).rejects.toMatchObject({
      code: 'unauthorized',
    })
  })

  test('a large blob and a stream go through', async () => {
    const { session, key } = await signedUp()
    const bytes = new Uint8Array(3 << 20).map((_, i) => i * 31)
    await session.storage.put('/pub/app/blob', new Blob([bytes]))
    const verified = await net.client().verifyObject(`pubky://${key}/pub/app/blob`)
    expect(verified.verdict).toBe('signed')
    expect(blake3Sync(verified.body)).toEqual(blake3Sync(bytes))
    await expect(
      net.client().verifyObject(`pubky://${key}/pub/app/blob`, { maxBytes: 1000 }),
    ).rejects.toMatchObject({ code: 'too_large' })
    await session.storage.putStream('/pub/app/stream', new Blob(['streamed']).stream())
    expect(await text(session, '/pub/app/stream')).toBe('streamed')
  })

  test('a clock that is wrong by an hour does not matter', async () => {
    const hour = 3_600_000_000n
    const late = net.client({ now: () => toMicros(BigInt(Date.now()) * 1000n - hour) })
    const { session } = await signedUp(late)
    await session.storage.put('/pub/app/a', utf8('late'))
    const early = net.client({ now: () => toMicros(BigInt(Date.now()) * 1000n + hour) })
    const other = await signedUp(early)
    await other.session.storage.put('/pub/app/a', utf8('early'))
    expect(await text(other.session, '/pub/app/a')).toBe('early')
  })

  // covers 11.1.7, 11.1.13, 11.1.14a, 11.1.14b, 11.4.6a, 11.4.6b, 11.4.6f
  test('sessions are exported and restored, by grant and by cookie', async () => {
    const { session, client, root } = await signedUp()
    await session.storage.put('/pub/app/a', utf8('one'))
    const bearer = await session.bearer()
    const restored = await net.client().restore(session.export())
    expect(restored.info).toEqual(session.info)
    expect(await restored.bearer()).not.toBe(bearer)
    await restored.storage.put('/pub/app/a', utf8('two'))
    expect(await text(restored, '/pub/app/a')).toBe('two')
    await restored.signOut()
    await expect(net.client().restore(session.export())).rejects.toMatchObject({
      code: 'unauthorized',
    })
    const ended = await endedSession(client, root)
    await expect(net.client().restore(ended)).rejects.toMatchObject({ code: 'unauthorized' })

    const cookie = await client.signInCookie(root)
    expect(cookie.capabilities).toEqual(['/:rw'])
    expect(cookie.export()).toMatch(new RegExp(`^${root.publicKey}:[0-9A-Z]{26}$`))
    await expect(cookie.bearer()).rejects.toMatchObject({ code: 'unauthorized' })
    expect(cookie.info).toEqual({ kind: 'cookie' })
    await cookie.storage.put('/pub/anywhere', utf8('three'))
    const again = await net.client().restore(cookie.export())
    await again.storage.put('/pub/anywhere', utf8('four'))
    await again.signOut()
    await expect(net.client().restore(cookie.export())).rejects.toMatchObject({
      code: 'unauthorized',
    })
  })

  test('a cookie sign-up works as with older clients, and a second one is told', async () => {
    const { root, key } = person()
    const session = await net.client().signUpCookie(root, net.homeserverKey)
    await session.storage.put('/pub/a', utf8('x'))
    expect((await net.client().verifyObject(`pubky://${key}/pub/a`)).signer).toBe(key)
    await expect(net.client().signUpCookie(root, net.homeserverKey)).rejects.toMatchObject({
      code: 'user_exists',
    })
  })

  // covers 11.1.37a
  test('the three feeds tell the same story, and live ones go on', async () => {
    const { session, key, client } = await signedUp()
    for (const n of [1, 2]) await session.storage.put(`/pub/app/${n}`, utf8(`${n}`))
    await session.storage.delete('/pub/app/1')
    const mine = async (source: AsyncIterable<HomeEvent>, count: number) => {
      const found: HomeEvent[] = []
      for await (const event of source) {
        if (event.user === key) found.push(event)
        if (found.length === count) break
      }
      return found
    }
    const story = (events: HomeEvent[]) => events.map(({ type, path }) => `${type} ${path}`)
    const users = [{ user: key }]
    const history = await mine(client.events(net.homeserverKey, { users }), 4)
    expect(story(history)).toEqual(['PUT /pub/app/1', 'PUT /pub/app/2', 'DEL /pub/app/1'])
    expect(history[1]?.hash).toEqual(blake3Sync(utf8('2')))
    const polled = await mine(client.events(net.homeserverKey, {}), 3)
    expect(story(polled)).toEqual(story(history))

    const live = mine(client.events(net.homeserverKey, { live: true }), 4)
    const liveOfUser = mine(client.events(net.homeserverKey, { users, live: true }), 4)
    await session.storage.put('/pub/app/3', utf8('3'))
    for (const events of [await live, await liveOfUser]) {
      expect(story(events)).toEqual([...story(history), 'PUT /pub/app/3'])
      expect(events[3]?.hash).toEqual(blake3Sync(utf8('3')))
    }
    expect((await live)[3]?.proof).not.toBeNull()
  })

  test('an outbox over a bad line stores each write once', async () => {
    let requests = 0
    const fetcher: typeof fetch = async (input, init) => {
      if (init?.method !== 'PUT') return fetch(input, init)
      requests += 1
      if (requests % 3 === 0) throw new TypeError('fetch failed')
      const response = await fetch(input, init)
      if (requests % 3 === 1) throw new TypeError('fetch failed')
      return response
    }
    const { session, key, client } = await signedUp(net.client())
    const shaky = await net.client({ fetch: fetcher }).restore(session.export())
    const kept = new Map<string, unknown>()
    const outbox = createOutbox({
      storage: {
        list: async (prefix) => [...kept].filter(([name]) => name.startsWith(prefix)),
        get: async (name) => kept.get(name),
        async write(changes) {
          for (const [name, value] of changes.set) kept.set(name, structuredClone(value))
          for (const name of changes.delete) kept.delete(name)
        },
      },
      send: (write, o) => shaky.storage.write(write, o),
      timer: (_, run) => {
        const timer = setTimeout(() => outbox.wake(), 1)
        void run
        return () => clearTimeout(timer)
      },
    })
    for (let n = 0; n < 12; n++) {
      const path = parseStrictPath(`/pub/app/o/${n}`)
      await outbox.add({ id: `${n}`, writes: [{ method: 'PUT', path, body: utf8(`${n}`) }] })
    }
    await outbox.idle()
    expect(outbox.snapshot()).toEqual([])
    expect(kept.size).toBe(0)
    const events: string[] = []
    for await (const { path } of client.events(net.homeserverKey, { users: [{ user: key }] }))
      events.push(path)
    expect(events.sort()).toEqual(Array.from({ length: 12 }, (_, n) => `/pub/app/o/${n}`).sort())
  })
})
