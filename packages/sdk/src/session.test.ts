import {
  blake3Sync,
  createObjectProof,
  keypairFromSeed,
  type Micros,
  parseStrictPath,
  randomKeypair,
  signerFromKeypair,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { createModelHomeserver } from '@pubky/testkit/model-homeserver'
import { describe, expect, test } from 'vitest'
import { createPubky } from './pubky.ts'
import { judgeObject } from './verify.ts'

const ALICE = keypairFromSeed(new Uint8Array(32).fill(1))
const BOB = keypairFromSeed(new Uint8Array(32).fill(2))
const START = 1_700_000_000_000_000n
const PATH = parseStrictPath('/pub/app/a.txt')
const REQUEST = { clientId: 'app.test', capabilities: '/pub/app/:rw' }

type Wrap = (fetcher: typeof fetch) => typeof fetch

async function network(o: { signatures?: boolean; clientAhead?: bigint; wrap?: Wrap } = {}) {
  const clock = { now: START }
  const server = createModelHomeserver({
    now: () => toMicros(clock.now),
    signatures: o.signatures ?? true,
  })
  await server.publish()
  await server.addUser(ALICE)
  const pubky = createPubky({
    relays: ['http://localhost:15411'],
    localHost: 'localhost',
    fetch: o.wrap ? o.wrap(server.fetch) : server.fetch,
    now: (): Micros => toMicros(clock.now + (o.clientAhead ?? 0n)),
  })
  const client = randomKeypair()
  const signIn = () => pubky.signInGrant(signerFromKeypair(ALICE), { client, ...REQUEST })
  return { clock, server, pubky, client, signIn }
}

const seconds = (n: number) => BigInt(n) * 1_000_000n

describe('a grant session', () => {
  test('many people signing in at once do not look like a leak', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    try {
      const { signIn } = await network()
      await Promise.all(Array.from({ length: 20 }, signIn))
      await new Promise(setImmediate)
    } finally {
      process.off('warning', warned)
    }
    expect(warnings).toEqual([])
  })

  // covers 11.4.1b
  test('signs up, publishes the record and opens', async () => {
    const { pubky, server, client } = await network()
    const session = await pubky.signUpGrant(signerFromKeypair(BOB), {
      homeserver: server.publicKey,
      client,
      ...REQUEST,
    })
    expect(session).toMatchObject({
      user: BOB.publicKey,
      homeserver: server.publicKey,
      capabilities: ['/pub/app/:rw'],
      info: { kind: 'grant', clientId: 'app.test' },
    })
    expect(await pubky.homeserverOf(BOB.publicKey)).toBe(server.publicKey)
    const signUp = server.requests.find(({ url }) => url.pathname === '/auth/grant/signup')
    expect(signUp?.headers.get('pubky-host')).toBe(server.publicKey)
  })

  test('renews its bearer once when less than 300 s remain, however many ask', async () => {
    const { clock, server, signIn } = await network()
    const session = await signIn()
    const first = await session.bearer()
    clock.now += seconds(3299)
    expect(await session.bearer()).toBe(first)
    clock.now += seconds(2)
    const asked = await Promise.all([session.bearer(), session.bearer(), session.bearer()])
    expect(new Set(asked).size).toBe(1)
    expect(asked[0]).not.toBe(first)
    const mints = server.requests.filter(({ url }) => url.pathname === '/auth/grant/session')
    expect(mints.length).toBe(2)
  })

  test('takes a new bearer when another window has ended its own', async () => {
    const { server, signIn } = await network()
    const session = await signIn()
    server.endSessions()
    await session.storage.put(PATH, utf8('hello'))
    expect(server.textAt(ALICE.publicKey, PATH)).toBe('hello')
  })

  test('is exported and restored where its key may leave', async () => {
    const { pubky, signIn, server, client } = await network()
    const session = await signIn()
    const restored = await pubky.restore(session.export())
    await restored.storage.put(PATH, utf8('again'))
    expect(server.textAt(ALICE.publicKey, PATH)).toBe('again')
    const grant = await pubky.grant(signerFromKeypair(ALICE), client.publicKey, REQUEST)
    const closed = await pubky.openGrant(grant, signerFromKeypair(client))
    expect(() => closed.export()).toThrow(expect.objectContaining({ code: 'not_exportable' }))
    for (const bad of ['', 'x', 'pubky-grant-credential-v1:a:b:c', `${ALICE.publicKey}:short`])
      await expect(pubky.restore(bad)).rejects.toMatchObject({ code: 'bad_credential' })
  })

  test('refuses a grant for another key', async () => {
    const { pubky } = await network()
    const grant = await pubky.grant(signerFromKeypair(ALICE), BOB.publicKey, REQUEST)
    const opening = pubky.openGrant(grant, signerFromKeypair(randomKeypair()))
    await expect(opening).rejects.toMatchObject({ code: 'grant_invalid' })
  })

  test('a closed client sends nothing more', async () => {
    const { pubky, server } = await network()
    await pubky[Symbol.asyncDispose]()
    const sent = server.requests.length
    await expect(pubky.homeserverOf(BOB.publicKey)).rejects.toThrow('closed')
    expect(server.requests.length).toBe(sent)
  })
})

describe('what is written', () => {
  test('is signed by the client key and can be verified by anybody', async () => {
    const { pubky, signIn, client } = await network()
    const session = await signIn()
    expect(await session.storage.put(PATH, utf8('hello'))).toEqual({ outcome: 'stored' })
    const found = await pubky.verifyObject(`pubky://${ALICE.publicKey}${PATH}`)
    expect(found).toMatchObject({ verdict: 'signed', signer: client.publicKey })
    expect(found.body).toEqual(utf8('hello'))
  })

  // covers 11.4.4b, 11.4.4c
  test('goes to a path that names its owner, and by a header to older homes', async () => {
    const missing: Wrap = (fetcher) => async (input, init) =>
      String(input).endsWith('/info') ? new Response('', { status: 404 }) : fetcher(input, init)
    for (const [home, pathname, tenant] of [
      [await network(), `/storage/${ALICE.publicKey}${PATH}`, null],
      [await network({ wrap: missing }), PATH, ALICE.publicKey],
    ] as const) {
      await (await home.signIn()).storage.put(PATH, utf8('hello'))
      expect(home.server.textAt(ALICE.publicKey, PATH)).toBe('hello')
      const put = home.server.requests.find(
        ({ method, url }) => method === 'PUT' && url.port === '6286',
      )
      expect([put?.url.pathname, put?.headers.get('pubky-host')]).toEqual([pathname, tenant])
    }
  })

  test('does not go unsigned because the answer that asks for signatures broke off', async () => {
    let broken = 0
    const wrap: Wrap = (fetcher) => async (input, init) => {
      const response = await fetcher(input, init)
      if (!String(input).endsWith('/info') || broken > 0) return response
      broken += 1
      const bytes = new Uint8Array(await response.arrayBuffer())
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytes.subarray(0, 5)),
        pull: (controller) => controller.error(new Error('connection reset')),
      })
      return new Response(body, response)
    }
    const { signIn, server } = await network({ wrap })
    await expect(signIn()).rejects.toMatchObject({ code: 'network' })
    expect(await (await signIn()).storage.put(PATH, utf8('hello'))).toEqual({ outcome: 'stored' })
    const put = server.requests.find(({ method, url }) => method === 'PUT' && url.port === '6286')
    expect([broken, put?.headers.has('pubky-signature')]).toEqual([1, true])
  })

  test('carries no proof where the host knows none, or when told', async () => {
    const plain = await network({ signatures: false })
    await (await plain.signIn()).storage.put(PATH, utf8('hello'))
    const told = await network()
    await (await told.signIn()).storage.put(PATH, utf8('hello'), { signer: null })
    for (const { server, pubky } of [plain, told]) {
      const put = server.requests.find(({ method, url }) => method === 'PUT' && url.port === '6286')
      expect(put?.headers.has('pubky-signature')).toBe(false)
      const found = await pubky.verifyObject(`pubky://${ALICE.publicKey}${PATH}`)
      expect(found.verdict).toBe('unsigned')
    }
  })

  test.each([
    ['1000 s ahead, as the date of an answer tells', 1000, true, 2],
    ['1000 s behind, as the date of an answer tells', -1000, true, 2],
    ['1000 s behind, as the first refusal tells', -1000, false, 3],
  ])('is signed by the clock of the server: %s', async (_, ahead, hasDate, puts) => {
    const { signIn, server } = await network({ clientAhead: seconds(ahead) })
    server.state.hasDate = hasDate
    const session = await signIn()
    for (const text of ['one', 'two']) await session.storage.put(PATH, utf8(text))
    expect(server.events.map(({ text }) => text)).toEqual(['one', 'two'])
    const sent = server.requests.filter(
      ({ method, url }) => method === 'PUT' && url.port === '6286',
    )
    expect(sent.length).toBe(puts)
  })

  test('comes after what another device has signed', async () => {
    const { signIn, server, clock } = await network()
    const [one, two] = [await signIn(), await signIn()]
    clock.now += seconds(60)
    await one.storage.put(PATH, utf8('one'))
    clock.now -= seconds(60)
    await two.storage.put(PATH, utf8('two'))
    expect(server.textAt(ALICE.publicKey, PATH)).toBe('two')
  })

  test('is repeated with the same proof when the answer is lost, and stored once', async () => {
    let lost = 0
    const wrap: Wrap = (fetcher) => async (input, init) => {
      const response = await fetcher(input, init)
      const isOfFile = init?.method === 'PUT' && new URL(String(input)).port === '6286'
      if (!isOfFile || lost++ > 1) return response
      throw new TypeError('fetch failed')
    }
    const { signIn, server } = await network({ wrap })
    await (await signIn()).storage.put(PATH, utf8('once'))
    expect(server.events.length).toBe(1)
    const puts = server.requests.filter(
      ({ method, url }) => method === 'PUT' && url.port === '6286',
    )
    expect(puts.length).toBe(3)
    expect(new Set(puts.map(({ headers }) => headers.get('pubky-signature'))).size).toBe(1)
  })

  test('creates: the same bytes are the same, others are refused', async () => {
    const { signIn, server } = await network()
    const { storage } = await signIn()
    await storage.put(PATH, utf8('one'), { create: true })
    expect(await storage.put(PATH, utf8('one'), { create: true })).toEqual({ outcome: 'same' })
    await expect(storage.put(PATH, utf8('two'), { create: true })).rejects.toMatchObject({
      code: 'already_exists',
    })
    expect(server.events.length).toBe(1)
  })

  test('deletes once, and a missing file is told', async () => {
    const { signIn, server } = await network()
    const { storage } = await signIn()
    await storage.put(PATH, utf8('one'))
    await storage.delete(PATH)
    await expect(storage.delete(PATH)).rejects.toMatchObject({ code: 'not_found', status: 404 })
    expect(server.events.map(({ type }) => type)).toEqual(['PUT', 'DEL'])
    expect(await storage.head(PATH)).toBeNull()
  })

  test.each([
    '/pub/app/',
    'pubky://x/pub/a',
    `pubky://${BOB.publicKey}/pub/app/a`,
    'a',
    '/pub/../x',
  ])('the address %s is refused before anything is sent', async (path) => {
    const { signIn, server } = await network()
    const { storage } = await signIn()
    const sent = server.requests.length
    await expect(storage.put(path, utf8('x'))).rejects.toMatchObject({ code: 'bad_address' })
    expect(server.requests.length).toBe(sent)
  })
})

describe('an attempt of unknown outcome', () => {
  const write = { method: 'PUT', path: PATH, body: utf8('mine') } as const

  async function attemptAt(
    micros: bigint,
    client: ReturnType<typeof randomKeypair>,
    grant: string,
  ) {
    const proof = await createObjectProof(signerFromKeypair(client, grant), {
      owner: ALICE.publicKey,
      action: 'PUT',
      path: PATH,
      hash: blake3Sync(write.body),
      timestamp: toMicros(micros),
    })
    return { proof }
  }

  test('gives way to what was signed later elsewhere', async () => {
    const { signIn, pubky, server, client, clock } = await network()
    const session = await signIn()
    const grant = await pubky.grant(signerFromKeypair(ALICE), client.publicKey, REQUEST)
    const before = await attemptAt(clock.now, client, grant)
    clock.now += seconds(10)
    await session.storage.put(PATH, utf8('newer'))
    for (const wait of [0, 200, 1000]) {
      clock.now += seconds(wait)
      expect(await session.storage.write(write, { before })).toBe('superseded')
    }
    expect(server.textAt(ALICE.publicKey, PATH)).toBe('newer')
  })

  test('is signed anew when it is old and nothing of it arrived', async () => {
    const { signIn, pubky, server, client, clock } = await network()
    const session = await signIn()
    const grant = await pubky.grant(signerFromKeypair(ALICE), client.publicKey, REQUEST)
    for (const age of [10, 160, 200, 1000]) {
      clock.now += seconds(1)
      const before = await attemptAt(clock.now, client, grant)
      clock.now += seconds(age)
      expect(await session.storage.write(write, { before })).toBe('stored')
      expect(await session.storage.write(write, { before })).toMatch(/stored|same/)
      clock.now += seconds(1)
      await session.storage.delete(PATH)
    }
    expect(server.events.length).toBe(8)
  })

  test('of which the bytes are there is done', async () => {
    const { signIn, server } = await network({ signatures: false })
    const session = await signIn()
    server.overwrite(ALICE.publicKey, PATH, write.body)
    const before = { proof: null }
    expect(await session.storage.write(write, { before })).toBe('same')
    expect(server.events).toEqual([])
  })
})

test('a proof that does not fit the bytes, the path or the owner is invalid', async () => {
  const body = utf8('hello')
  const proof = await createObjectProof(signerFromKeypair(ALICE), {
    owner: ALICE.publicKey,
    action: 'PUT',
    path: PATH,
    hash: blake3Sync(body),
    timestamp: toMicros(START),
  })
  const at = { owner: ALICE.publicKey, path: PATH }
  const verdict = async (...args: Parameters<typeof judgeObject>) =>
    (await judgeObject(...args)).verdict
  expect(await verdict(at, body, proof)).toBe('signed')
  expect(await verdict(at, utf8('hullo'), proof)).toBe('invalid')
  expect(await verdict({ ...at, owner: BOB.publicKey }, body, proof)).toBe('invalid')
  expect(await verdict({ ...at, path: parseStrictPath('/pub/b') }, body, proof)).toBe('invalid')
  expect(await verdict(at, body, proof.subarray(1))).toBe('invalid')
  expect(await verdict(at, body, null)).toBe('unsigned')
})
