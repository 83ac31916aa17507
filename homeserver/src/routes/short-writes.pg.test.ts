import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { type MoveAction, parseCapabilities, signMoveStatement, toMicros } from '@pubky/protocol'
import { afterAll, expect, test } from 'vitest'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import type { MovingGate } from '../moving/gate.ts'
import { createClientServer, DRAIN_MS } from '../server.ts'
import { oneServer } from '../testing/fixture.ts'
import { type Answer, type Call, createCaller } from '../testing/http.ts'
import { grantSignIn, makeGrant, person, proofHeader, settle } from '../testing/people.ts'
import { answerShortWrites } from './short-writes.ts'

const { server } = await oneServer({ isStill: true, config: { defaultQuotaMb: 1 } })
/** Alone it asks for nothing, but the router takes what has it. */
const ROUTED = { upgrade: 'none' }
const ADMIN = { 'x-admin-password': 'admin', 'content-type': 'application/json' }

/** All that was answered but the time. */
function lasting({ status, rawHeaders, text }: Answer) {
  const headers = rawHeaders.map((one, i) => (rawHeaders[i - 1] === 'Date' ? '' : one))
  return { status, headers, text }
}

async function bothWays(target: string, call: Call): Promise<Answer> {
  const ahead = await server.call('PUT', target, call)
  const headers = { ...call.headers, ...ROUTED }
  const routed = await server.call('PUT', target, { ...call, headers })
  expect(lasting(ahead)).toEqual(lasting(routed))
  return ahead
}

type Settled = Awaited<ReturnType<typeof settle>>

/** What is answered to writes of one person, both ways: status and code. */
function writes(me: Settled, always: Record<string, string> = me.auth) {
  return async (path: string, headers: Record<string, string> = {}, body = 'x') => {
    const target = `/storage/${me.who.key}${path}`
    const answer = await bothWays(target, { headers: { ...always, ...headers }, body })
    return [answer.status, answer.headers['pubky-error']]
  }
}

test('what is written ahead of the router is answered as the router answers, byte for byte', async () => {
  const me = await settle(server)
  const write = writes(me)
  const origin = { origin: 'https://app.example' }
  const longest = 'x'.repeat(16 * 1024)
  expect(await write('/pub/a')).toEqual([201, undefined])
  expect(await write('/pub/a', origin)).toEqual([201, undefined])
  expect(await write('/pub/a', { connection: 'close' })).toEqual([201, undefined])
  expect(await write('/pub/empty', {}, '')).toEqual([201, undefined])
  expect(await write('/pub/longest', { 'content-type': 'a/b; c="d"' }, longest)).toEqual([
    201,
    undefined,
  ])
  for (const path of ['/pub/caf%C3%A9', '/pub/%zz', '/pub/a?limit=1'])
    expect(await write(path)).toEqual([201, undefined])
  expect(await write('/pub//a')).toEqual([201, undefined])
  expect(await write('/priv/a')).toEqual([201, undefined])
  expect(await write('/pub/%2e%2e/priv/a', origin)).toEqual([201, undefined])
  expect(await write('/pub/a', { 'content-type': 'nonsense' })).toEqual([
    415,
    'fst_err_ctp_invalid_media_type',
  ])
  for (const path of ['/pub/%00', '/pub/a%5Cb', '/pub/%ff'])
    expect((await write(path))[0]).toBe(400)
  expect(await write('/pub/folder/')).toEqual([400, 'not_a_file'])
  expect(await write('/pub/a/b', origin)).toEqual([409, 'path_collision'])
  expect((await me.get('/pub/longest')).text).toBe(longest)
})

test('so are refusals of who may not write', async () => {
  const me = await settle(server)
  const nobody = writes(me, {})
  for (const path of ['/pub/a', '/priv/a', '/pub/%00'])
    expect(await nobody(path)).toEqual([401, 'no_session'])
  expect(await nobody('/priv/a', { origin: 'https://app.example' })).toEqual([401, 'no_session'])
  const other = await settle(server)
  expect(await writes(me, other.auth)('/priv/a')).toEqual([403, 'other_tenant'])
  const holder = await makeGrant(server, me.who, { caps: ['/pub/app/:rw'] })
  const app = writes(me, { authorization: await grantSignIn(server, holder) })
  expect(await app('/pub/app/a')).toEqual([201, undefined])
  expect(await app('/pub/a')).toEqual([403, 'no_access'])
  const quota = JSON.stringify({ allowed_write_paths: ['/pub/app/'] })
  await server.admin('PATCH', `/users/${me.who.key}/quota`, { headers: ADMIN, body: quota })
  expect(await writes(me)('/pub/a')).toEqual([403, 'write_path'])
  await server.admin('POST', `/users/${me.who.key}/disable`, { headers: ADMIN })
  expect(await writes(me)('/pub/app/a')).toEqual([403, 'user_disabled'])
})

test('so are conditions, proofs and quotas', async () => {
  const me = await settle(server)
  const write = writes(me)
  expect(await write('/pub/a', { 'if-match': '*' })).toEqual([412, 'no_match'])
  await me.put('/pub/a', 'x')
  expect(await write('/pub/a', { 'if-none-match': '*' })).toEqual([412, 'already_exists'])
  expect(await write('/pub/a', { 'if-match': 'nonsense' })).toEqual([412, 'no_match'])
  const now = server.now()
  const sign = (timestamp: bigint, body = 'x') =>
    proofHeader(me.who.signer, { owner: me.who.key, path: '/pub/a', body, timestamp })
  expect(await write('/pub/a', await sign(now))).toEqual([201, undefined])
  expect(await write('/pub/a', await sign(now - 1n))).toEqual([409, 'signature_not_newer'])
  expect(await write('/pub/a', await sign(now + 1n, 'y'))).toEqual([403, 'proof_hash_mismatch'])
  expect(await write('/pub/b', await sign(now + 1n))).toEqual([403, 'invalid_proof_signature'])
  expect(await write('/pub/c', { 'pubky-signature': 'AAAA' })).toEqual([400, 'malformed_proof'])
  await me.put('/pub/large', 'x'.repeat(1024 * 1024 - 1000))
  expect(await write('/pub/more', {}, 'x'.repeat(2000))).toEqual([507, 'quota_exceeded'])
})

test('so it is for an account that is moving, and for one that has moved', async () => {
  const me = await settle(server)
  const write = writes(me)
  const target = person().key
  const say = async (action: MoveAction) => {
    const statement = { action, timestamp: toMicros(server.now()), target }
    const body = await signMoveStatement(me.who.signer, server.running.publicKey, statement)
    await server.call('POST', '/moving', { headers: { 'pubky-host': me.who.key }, body })
  }
  await say('freeze')
  expect(await write('/pub/a')).toEqual([409, 'moving'])
  expect(await writes(me, {})('/priv/a')).toEqual([401, 'no_session'])
  server.travel(1)
  await say('moved')
  expect(await write('/priv/a')).toEqual([409, 'moved'])
})

/** Speaks over a connection of its own; what came back until now, and when it ended. */
function speak(port: number) {
  const socket = connect(port, '127.0.0.1')
  const heard = { text: '' }
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    heard.text += bytes
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { socket, heard, closed }
}

function head(target: string, length: number, headers: Record<string, string> = {}): string {
  const all = { host: 'x', 'content-length': String(length), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `PUT ${target} HTTP/1.1\r\n${lines.join('')}\r\n`
}

test('of a body that ends too soon nothing stays, and the next one comes through', async () => {
  const me = await settle(server)
  const port = Number(new URL(server.running.urls.http).port)
  const target = `/storage/${me.who.key}/pub/a`
  const { socket, heard, closed } = speak(port)
  socket.write(`${head(target, 9, me.auth)}half`)
  await me.put('/pub/b', 'x')
  socket.destroy()
  await closed
  expect(heard.text).toBe('')
  expect((await me.put('/pub/a', 'whole')).status).toBe(201)
  expect(await me.events()).toHaveLength(2)
})

test('two that are sent without waiting are both written, and answered in turn', async () => {
  const me = await settle(server)
  const { socket, heard } = speak(Number(new URL(server.running.urls.http).port))
  const at = (path: string) => `/storage/${me.who.key}${path}`
  socket.write(`${head(at('/pub/a'), 1, me.auth)}a${head(at('/pub/a/'), 1, me.auth)}b`)
  await expect.poll(() => heard.text).toContain('Target path must be a file')
  expect(heard.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 400'])
  socket.destroy()
})

/** A server of clients to whom nobody is known; what it counted and logged. */
async function failing(resolve: () => Promise<null>) {
  const [counted, logged] = [[] as unknown[], [] as Record<string, unknown>[]]
  let routed = 0
  const note = (about: Record<string, unknown>) => logged.push(about)
  const ctx = {
    config: { trustedProxies: [] },
    log: { error: note, warn: note, info: note },
    limits: { anySpeeds: false, checkRate: () => (routed += 1), concern: () => false },
    metrics: {
      storageRequest() {},
      answer: (...answer: unknown[]) => counted.push(answer),
    },
    sessions: { resolve },
  } as unknown as Context
  const app = createClientServer(ctx)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const call = createCaller(`http://127.0.0.1:${port}`)
  afterAll(async () => {
    await call[Symbol.asyncDispose]()
    await app.close()
  })
  return { app, port, call, counted, logged, routed: () => routed }
}

const target = `/storage/${person().key}/pub/a`

test('failures are told, logged and counted as the router does', async () => {
  let error: Error = new TypeError('broken')
  const { call, counted, logged, routed } = await failing(() => Promise.reject(error))
  const ask = async () => {
    const answers: unknown[] = []
    for (const headers of [{}, ROUTED]) {
      const answer = await call('PUT', target, { headers, body: 'x' })
      const id = answer.headers['x-error-id'] ?? ''
      const { status, headers: told, text } = lasting(answer)
      answers.push({ status, told: told.map((one) => (one === id ? '' : one)), text })
    }
    await expect.poll(() => counted.length).toBe(2)
    expect(answers[0]).toEqual(answers[1])
    const [ahead, routed] = logged.splice(0).map(({ id, ...rest }) => rest)
    expect(ahead).toEqual(routed)
    return [ahead, ...counted.splice(0)]
  }
  const about = { error, method: 'PUT', route: '/~storage' }
  expect(await ask()).toEqual([about, ['PUT', 500], ['PUT', 500]])
  expect(routed()).toBe(1)
  error = Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
  const away = { error: expect.objectContaining({ code: 'database_unavailable' }) }
  expect(await ask()).toEqual([away, ['PUT', 503], ['PUT', 503]])
})

// The second one of two goes by way of the router.
test.each([1, 2])(
  'a server that closes answers %i that wait, and holds no connection for it',
  { timeout: DRAIN_MS / 2 },
  async (count) => {
    let release = (_: null) => {}
    const waits = new Promise<null>((resolve) => {
      release = resolve
    })
    let asked = 0
    const { app, port } = await failing(() => {
      asked += 1
      return waits
    })
    const { socket, heard, closed } = speak(port)
    socket.write(`${head(target, 1)}x`.repeat(count))
    await expect.poll(() => asked).toBe(count)
    const closing = app.close()
    await expect.poll(() => app.server.listening).toBe(false)
    release(null)
    await closed
    expect(heard.text.match(/HTTP\/1\.1 401 /g)).toHaveLength(count)
    await closing
  },
)

test('whatever is not a plain write of a short file goes to the router', async () => {
  const [watched, answered] = [[] as unknown[], [] as unknown[]]
  const ctx = {
    limits: { anySpeeds: false, concern: (_: string, path: string) => path.endsWith('limited') },
    metrics: { storageRequest() {}, answer() {} },
  } as unknown as Context
  const http = createServer((_, response) => response.end('routed'))
  const gate = {
    guard: () => Promise.reject(refusals.noSession()),
    forget() {},
  } as MovingGate
  const slow = {
    watch: (one: unknown) => watched.push(one),
    answered: (one: unknown) => answered.push(one),
    watched: () => 0,
    look() {},
  }
  answerShortWrites(http, ctx, { gate, slow, route: '/' })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const call = createCaller(`http://127.0.0.1:${port}`)
  const isRouted = async (
    path: string,
    o: { headers?: Record<string, string>; body?: string; method?: string } = {},
  ) => {
    const { headers = {}, body = 'x', method = 'PUT' } = o
    const length = { 'content-length': String(body.length) }
    const all = 'transfer-encoding' in headers ? headers : { ...length, ...headers }
    return (await call(method, path, { headers: all, body })).text === 'routed'
  }
  const owner = target.slice(0, -'/pub/a'.length)
  try {
    for (const path of ['/pub/a', '/priv/a', '/pub/a%20b', '/pub/a?b=c', '/pub/folder/'])
      expect([path, await isRouted(`${owner}${path}`)]).toEqual([path, false])
    expect(
      await isRouted(target, {
        body: 'x'.repeat(16_384),
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      }),
    ).toBe(false)
    for (const path of ['/pub/limited', '/pub/%00', '/other/a', '/pub'])
      expect([path, await isRouted(`${owner}${path}`)]).toEqual([path, true])
    expect(await isRouted('/pub/a', { headers: { 'pubky-host': person().key } })).toBe(true)
    expect(await isRouted(target, { body: 'x'.repeat(16_385) })).toBe(true)
    for (const headers of [
      { 'transfer-encoding': 'chunked' },
      { upgrade: 'none' },
      { 'content-length': '01' },
      { 'content-type': 'nonsense' },
      { 'content-type': '' },
    ] as Record<string, string>[])
      expect([headers, await isRouted(target, { headers })]).toEqual([headers, true])
    for (const method of ['DELETE', 'POST', 'PATCH', 'OPTIONS'])
      expect(await isRouted(target, { method })).toBe(true)
    ctx.limits = { ...ctx.limits, anySpeeds: true }
    expect(await isRouted(target)).toBe(true)
    ctx.limits = { ...ctx.limits, anySpeeds: false }
    for (const told of [watched, answered]) told.length = 0
    // Refused before its body has come: how long that takes is looked at.
    const { socket, heard } = speak(port)
    socket.write(head(target, 1))
    await expect.poll(() => heard.text).toContain('401')
    expect([watched.length, answered.length]).toEqual([1, 1])
    socket.destroy()
  } finally {
    await call[Symbol.asyncDispose]()
    http.close()
  }
})

test('a body that is late is looked at until it is here, one that comes with its head is not', async () => {
  const { key } = person()
  const watched: (string | undefined)[] = []
  const session = { user: key, userId: '1', capabilities: parseCapabilities('/:rw') }
  const ctx = {
    accounts: { peek: () => ({ disabled: false, quota: { allowed_write_paths: null } }) },
    clock: () => 0n,
    config: { maxObjectBytes: 1e6 },
    limits: { anySpeeds: false, concern: () => false },
    metrics: { storageRequest() {}, answer() {} },
    sessions: { resolve: async () => session },
    writer: { commit: () => turn({ result: 'applied' }) },
  } as unknown as Context
  const http = createServer()
  const gate = { guard: (_, __, write) => write(), forget() {} } as MovingGate
  const slow = {
    watch: ({ url }: { url?: string | undefined }) => watched.push(url?.slice(-5)),
    answered() {},
    watched: () => 0,
    look() {},
  }
  answerShortWrites(http, ctx, { gate, slow, route: '/' })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { socket, heard } = speak((http.address() as AddressInfo).port)
  socket.write(`${head(`/storage/${key}/pub/whole`, 1)}x`)
  await expect.poll(() => heard.text.match(/ 201 /g)).toHaveLength(1)
  socket.write(`${head(`/storage/${key}/pub/later`, 2)}x`)
  await expect.poll(() => watched).toEqual(['later'])
  socket.write('x')
  await expect.poll(() => heard.text.match(/ 201 /g)).toHaveLength(2)
  expect(watched).toEqual(['later'])
  socket.destroy()
  http.close()
})
