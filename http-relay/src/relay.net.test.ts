import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger, freePort } from '@pubky/server-kit'
import { afterEach, expect, test } from 'vitest'
import type { HttpRelayConfig } from './config.ts'
import { startHttpRelay } from './start.ts'

const log = createLogger('http-relay', { level: 'silent' })
const undo: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** For what must not run out before what it waits for has come. */
const PATIENT = { inboxTimeoutSeconds: 150, linkTimeoutSeconds: 150 }

/** Waits are short, so that what runs out does so while a test watches. */
async function start(config: Partial<HttpRelayConfig> = {}, nowMs?: () => number) {
  const short = { inboxTimeoutSeconds: 0.4, linkTimeoutSeconds: 0.8, requestsPerSecond: 1000 }
  const relay = await startHttpRelay(
    { port: 0, ...short, ...config },
    { log, ...(nowMs && { nowMs }) },
  )
  undo.push(() => relay.close())
  const call = (method: string, path: string, o: RequestInit = {}) =>
    fetch(relay.urls.http + path, { method, ...o })
  return { relay, base: relay.urls.http, call }
}

/** Does something again and again until a request that may not have arrived yet is answered. */
async function answeredBy<T>(waiting: Promise<T>, again: () => Promise<unknown>): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  waiting.then(over, over)
  while (!isOver) {
    await again()
    await sleep(20)
  }
  return waiting
}

async function shown(answer: Promise<Response> | Response) {
  const response = await answer
  return [response.status, await response.text()] as const
}

test('the root names the relay, and browsers are let in only when told so', async () => {
  const { call } = await start()
  const origin = { headers: { origin: 'https://app.example' } }
  const response = await call('GET', '/', origin)
  expect(response.headers.get('access-control-allow-origin')).toBeNull()
  expect(await shown(response)).toEqual([200, 'Http Relay'])

  const open = await start({ cors: 'allow-all' })
  const mirrored = await open.call('POST', '/inbox/a', { ...origin, body: 'x' })
  expect(mirrored.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(mirrored.headers.get('access-control-allow-credentials')).toBe('true')
  const missing = await open.call('GET', '/inbox/none/ack', origin)
  expect(missing.headers.get('access-control-allow-origin')).toBe('https://app.example')
  const preflight = await open.call('OPTIONS', '/inbox/a', {
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'x-one',
    },
  })
  expect(preflight.status).toBe(200)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('DELETE')
  expect(preflight.headers.get('access-control-allow-headers')).toBe('x-one')
})

test('a message can be read again and again, and another takes its place', async () => {
  const { call } = await start()
  expect(await shown(call('POST', '/inbox/a', { body: 'one' }))).toEqual([200, ''])
  expect(await shown(call('GET', '/inbox/a'))).toEqual([200, 'one'])
  expect(await shown(call('GET', '/inbox/a'))).toEqual([200, 'one'])
  await call('POST', '/inbox/a', { body: 'two' })
  expect(await shown(call('GET', '/inbox/a'))).toEqual([200, 'two'])
})

test('an empty inbox answers 408, and a message that comes meanwhile is delivered to all', async () => {
  const { call } = await start()
  const response = await call('GET', '/inbox/a')
  expect(response.headers.get('content-type')).toBe('application/octet-stream')
  expect(await shown(response)).toEqual([408, 'Request timed out'])
  const patient = await start(PATIENT)
  const waiting = [1, 2].map(() => shown(patient.call('GET', '/inbox/a')))
  await sleep(100)
  await patient.call('POST', '/inbox/a', { body: 'late' })
  expect(await Promise.all(waiting)).toEqual([
    [200, 'late'],
    [200, 'late'],
  ])
})

test('acknowledging erases the message, may be repeated, and needs one', async () => {
  const { call } = await start()
  expect(await shown(call('DELETE', '/inbox/a'))).toEqual([404, 'Not found'])
  expect(await shown(call('GET', '/inbox/a/ack'))).toEqual([404, 'Not found'])
  await call('POST', '/inbox/a', { body: 'x' })
  expect(await shown(call('GET', '/inbox/a/ack'))).toEqual([200, 'false'])
  expect(await shown(call('DELETE', '/inbox/a'))).toEqual([200, ''])
  expect(await shown(call('GET', '/inbox/a/ack'))).toEqual([200, 'true'])
  expect(await shown(call('GET', '/inbox/a'))).toEqual([408, 'Request timed out'])
  expect(await shown(call('DELETE', '/inbox/a'))).toEqual([200, ''])
  await call('POST', '/inbox/a', { body: 'y' })
  expect(await shown(call('GET', '/inbox/a/ack'))).toEqual([200, 'false'])
})

test('who awaits is told of an acknowledgement, but not of a reading', async () => {
  const { call } = await start()
  expect(await shown(call('GET', '/inbox/a/await'))).toEqual([404, 'Not found'])
  await call('POST', '/inbox/a', { body: 'x' })
  const early = shown(call('GET', '/inbox/a/await'))
  await call('GET', '/inbox/a')
  expect(await early).toEqual([408, 'Request timed out'])
  const patient = await start(PATIENT)
  await patient.call('POST', '/inbox/a', { body: 'x' })
  const waiting = shown(patient.call('GET', '/inbox/a/await'))
  await sleep(50)
  await patient.call('DELETE', '/inbox/a')
  expect(await waiting).toEqual([200, ''])
  expect(await shown(patient.call('GET', '/inbox/a/await'))).toEqual([200, ''])
})

test('who awaits a message that is replaced is told that it is gone', async () => {
  const { call } = await start(PATIENT)
  const replace = () => call('POST', '/inbox/a', { body: 'x' })
  await replace()
  const waiting = shown(call('GET', '/inbox/a/await'))
  expect(await answeredBy(waiting, replace)).toEqual([404, 'Not found'])
})

test('the type of a message is the one its sender gave, whatever it is', async () => {
  const { call, base } = await start()
  for (const type of ['application/json', 'text/plain', 'multipart/form-data', 'what ever/;=']) {
    const given = { 'content-type': type, 'content-length': '1' }
    await new Promise<void>((resolve, reject) => {
      const sent = httpRequest(`${base}/inbox/a`, { method: 'POST', headers: given }, (answer) => {
        expect(answer.statusCode).toBe(200)
        answer.resume().on('end', resolve)
      })
      sent.on('error', reject).end('{')
    })
    const response = await call('GET', '/inbox/a')
    expect(response.headers.get('content-type')).toBe(type)
    expect(await response.text()).toBe('{')
  }
  await call('POST', '/inbox/a', { body: new Uint8Array([0, 255]) })
  const plain = await call('GET', '/inbox/a')
  expect(plain.headers.get('content-type')).toBe('application/octet-stream')
  expect([...(await plain.bytes())]).toEqual([0, 255])
  const long = { 'content-type': 'a'.repeat(257) }
  expect((await call('POST', '/inbox/a', { body: 'x', headers: long })).status).toBe(400)
})

test('bodies, ids, methods and paths have their limits', async () => {
  const { call } = await start()
  expect((await call('POST', '/inbox/a', { body: 'x'.repeat(2048) })).status).toBe(200)
  expect((await call('POST', '/inbox/a', { body: 'x'.repeat(2049) })).status).toBe(413)
  expect(await shown(call('POST', '/inbox/a'))).toEqual([200, ''])
  expect(await shown(call('GET', '/inbox/a'))).toEqual([200, ''])
  const [fits, long] = ['ä'.repeat(128), `${'ä'.repeat(128)}a`].map(encodeURIComponent)
  expect((await call('POST', `/inbox/${fits}`)).status).toBe(200)
  expect(await shown(call('POST', `/inbox/${long}`))).toEqual([400, 'Inbox ID too long'])
  expect(await shown(call('GET', `/link/${long}`))).toEqual([400, 'Channel ID too long'])
  expect((await call('GET', '/inbox/%ff')).status).toBe(400)
  const wrong = await call('PUT', '/link/a')
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET,HEAD,POST'])
  for (const path of ['/inbox', '/inbox/', '/inbox/a/b', '/link/a/ack', '/other'])
    expect((await call('GET', path)).status).toBe(404)
  const head = await call('HEAD', `/inbox/${fits}`)
  expect([head.status, await head.text()]).toEqual([200, ''])
})

test('the eleventh who waits for an id is sent away', async () => {
  const { call } = await start(PATIENT)
  await call('POST', '/inbox/sent', { body: 'x' })
  for (const [path, release] of [
    ['/inbox/empty', () => call('POST', '/inbox/empty', { body: 'x' })],
    ['/inbox/sent/await', () => call('DELETE', '/inbox/sent')],
  ] as const) {
    const waiting = Array.from({ length: 11 }, () => shown(call('GET', path)))
    expect(await Promise.race(waiting)).toEqual([503, 'Too many concurrent requests'])
    await release()
    const statuses = (await Promise.all(waiting)).map(([status]) => status)
    expect(statuses.sort()).toEqual([...Array(10).fill(200), 503])
  }
})

test('a client that went away no longer waits', async () => {
  const { relay, call } = await start(PATIENT)
  for (let i = 0; i < 12; i += 1) {
    const gone = AbortSignal.timeout(60)
    await expect(call('GET', '/inbox/a', { signal: gone })).rejects.toThrow()
  }
  const waiting = shown(call('GET', '/inbox/a'))
  await sleep(100)
  await call('POST', '/inbox/a', { body: 'x' })
  expect(await waiting).toEqual([200, 'x'])
  await relay.close()
})

test('messages end after their time', async () => {
  let now = 1000
  const { call } = await start({ inboxTtlSeconds: 300 }, () => now)
  await call('POST', '/inbox/a', { body: 'x' })
  now += 299_999
  expect(await shown(call('GET', '/inbox/a'))).toEqual([200, 'x'])
  now += 1
  expect(await shown(call('GET', '/inbox/a/ack'))).toEqual([404, 'Not found'])
  expect(await shown(call('DELETE', '/inbox/a'))).toEqual([404, 'Not found'])
})

test('links complete whoever comes first, and say that they are deprecated', async () => {
  const { call } = await start(PATIENT)
  for (const isSenderFirst of [true, false]) {
    const send = () => call('POST', '/link/a', { body: 'x', headers: { 'content-type': 'a/b' } })
    const first = isSenderFirst ? send() : call('GET', '/link/a')
    await sleep(100)
    const second = isSenderFirst ? call('GET', '/link/a') : send()
    const [sent, got] = await Promise.all(isSenderFirst ? [first, second] : [second, first])
    expect([sent?.status, await sent?.text()]).toEqual([200, ''])
    expect([got?.status, await got?.text()]).toEqual([200, 'x'])
    expect(got?.headers.get('content-type')).toBe('a/b')
    for (const answer of [sent, got]) expect(answer?.headers.get('deprecation')).toBe('true')
    expect(await shown(call('GET', '/inbox/a/ack'))).toEqual([200, 'true'])
  }
})

test('a link that nobody takes times out, and one that is replaced is told', async () => {
  const { call } = await start()
  const alone = await call('POST', '/link/a', { body: 'x' })
  expect(alone.headers.get('deprecation')).toBe('true')
  expect(await shown(alone)).toEqual([408, 'Request timed out'])
  const silent = await call('GET', '/link/none')
  expect([silent.status, silent.headers.get('deprecation')]).toEqual([408, null])
  const patient = await start(PATIENT)
  const replaced = shown(patient.call('POST', '/link/b', { body: 'x' }))
  const replace = () => patient.call('POST', '/inbox/b', { body: 'y' })
  expect(await answeredBy(replaced, replace)).toEqual([404, 'Entry expired'])
})

test('both families meet under one id', async () => {
  const { call } = await start(PATIENT)
  await call('POST', '/inbox/a', { body: 'new to old' })
  expect(await shown(call('GET', '/link/a'))).toEqual([200, 'new to old'])
  const sent = shown(call('POST', '/link/b', { body: 'old to new' }))
  expect(await shown(call('GET', '/inbox/b'))).toEqual([200, 'old to new'])
  await call('DELETE', '/inbox/b')
  expect(await sent).toEqual([200, ''])
})

test('one address can use up neither the requests nor the places of others', async () => {
  const proxy = { trustedProxies: ['127.0.0.1'] }
  const { call } = await start({ ...proxy, requestsPerSecond: 2 }, () => 1000)
  const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } })
  const answers = await Promise.all(
    Array.from({ length: 15 }, () => call('GET', '/', from('2001:db8::1'))),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(5)
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  // The same /64 is one address.
  expect((await call('GET', '/', from('2001:db8::2'))).status).toBe(429)
  expect((await call('GET', '/', from('2001:db9::1'))).status).toBe(200)

  const narrow = await start({ ...proxy, ...PATIENT, maxWaitingPerAddress: 2 })
  const status = async (id: string, ip: string) =>
    (await narrow.call('GET', `/inbox/${id}`, from(ip))).status
  const waiting = ['a', 'b', 'c'].map((id) => status(id, '10.0.0.1'))
  expect(await Promise.race(waiting)).toBe(429)
  const other = status('d', '10.0.0.2')
  for (const id of ['a', 'b', 'c', 'd']) await narrow.call('POST', `/inbox/${id}`, { body: 'x' })
  expect(await other).toBe(200)
  expect((await Promise.all(waiting)).sort()).toEqual([200, 200, 429])
})

test('messages outlive the process when told so', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'http-relay-'))
  undo.push(() => rm(dir, { recursive: true, force: true }))
  const first = await start({ persistDir: dir })
  const headers = { 'content-type': 'a/b' }
  for (const id of ['kept', 'acked', 'replaced'])
    await first.call('POST', `/inbox/${id}`, { body: id, headers })
  await first.call('DELETE', '/inbox/acked')
  await first.call('POST', '/inbox/replaced', { body: 'newer' })
  await first.relay.close()
  const second = await start({ persistDir: dir })
  const kept = await second.call('GET', '/inbox/kept')
  expect([kept.headers.get('content-type'), await kept.text()]).toEqual(['a/b', 'kept'])
  expect(await shown(second.call('GET', '/inbox/acked/ack'))).toEqual([200, 'true'])
  expect(await shown(second.call('GET', '/inbox/replaced'))).toEqual([200, 'newer'])
})

test('what cannot be kept is refused', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'http-relay-'))
  const { call } = await start({ persistDir: dir })
  await rm(dir, { recursive: true })
  expect(await shown(call('POST', '/inbox/a', { body: 'x' }))).toEqual([
    500,
    'Failed to store message',
  ])
  expect((await call('GET', '/inbox/a/ack')).status).toBe(404)
})

test('metrics lie on a port of their own and name no message', async () => {
  const { relay, call } = await start({ metricsPort: await freePort() })
  await call('POST', '/inbox/secret-name', { body: 'x' })
  const text = await (await fetch(relay.urls.metrics)).text()
  expect(text).toContain('http_relay_messages 1')
  expect(text).toContain('http_relay_requests_total{route="inbox",method="POST",status="200"} 1')
  expect(text).not.toContain('secret-name')
  expect((await call('GET', '/metrics')).status).toBe(404)
})
