import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROOF_HEADER } from '@pubky/protocol'
import { expect, test } from 'vitest'
import type { Context } from '../context.ts'
import type { Entry } from '../entries/read.ts'
import { oneServer } from '../testing/fixture.ts'
import { createCaller } from '../testing/http.ts'
import { person, proofHeader, settle } from '../testing/people.ts'
import { answerKnownFiles } from './known-files.ts'

const { database, server } = await oneServer()

/** Reads until the server knows by itself that nobody else writes. */
async function becomeAlone(read: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await read()
    const { rowCount } = await database.pool.query('select from alone where until > now()')
    if (rowCount) return
    await sleep(10)
  }
}

test('what is answered ahead of the router is what the router answers, byte for byte', async () => {
  const ann = await settle(server)
  const [path, body] = ['/pub/app/a-b~c.json', '{"a":1}']
  const timestamp = server.now()
  const proof = await proofHeader(ann.who.signer, { owner: ann.who.key, path, body, timestamp })
  await ann.put(path, body, proof)
  await becomeAlone(() => ann.get(path))
  for (const headers of [{}, { origin: 'https://app.example' }] as Record<string, string>[]) {
    const known = await ann.get(path, headers)
    const routed = await ann.get(path, { ...headers, 'if-none-match': '"other"' })
    expect(known.status).toBe(200)
    expect(known.text).toBe(body)
    expect(known.headers[PROOF_HEADER]).toBe(proof[PROOF_HEADER])
    const lasting = ({ rawHeaders }: typeof known) =>
      rawHeaders.map((one, i) => (rawHeaders[i - 1] === 'Date' ? '' : one))
    expect(lasting(known)).toEqual(lasting(routed))
  }
  await ann.put(path, 'another')
  expect((await ann.get(path)).text).toBe('another')
  await ann.del(path)
  expect((await ann.get(path)).status).toBe(404)
})

const entry: Entry = {
  hash: Buffer.alloc(32),
  size: 2,
  contentType: 'text/plain',
  modifiedAt: new Date(0),
  inline: Buffer.from('hi'),
  blobKey: null,
  proof: null,
}

test('whatever is not a plain question for a public file that is known goes to the router', async () => {
  const { key } = person()
  const ctx = {
    entries: { known: (_: string, path: string) => (path.endsWith('unknown') ? null : entry) },
    limits: { anySpeeds: false, concern: (_: string, path: string) => path.endsWith('limited') },
    metrics: { storageRequest() {}, answer() {} },
  } as unknown as Context
  const http = createServer((_, response) => response.end('routed'))
  answerKnownFiles(http, ctx)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const call = createCaller(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
  const ask = async (target: string, headers: Record<string, string> = {}, method = 'GET') =>
    (await call(method, target, { headers })).text
  const at = (path: string) => `/storage/${key}${path}`
  try {
    expect(await ask(at('/pub/a'))).toBe('hi')
    expect(await ask(at('/pub/a'), { authorization: 'Bearer x', cookie: 'a=b' })).toBe('hi')
    for (const path of [
      '/pub/a%20b',
      '/pub/a?limit=1',
      '/priv/a',
      '/pub/é',
      '/pub/unknown',
      '/pub/limited',
    ])
      expect(await ask(at(encodeURI(path).replace('%2520', '%20')))).toBe('routed')
    expect(await ask('/pub/a', { 'pubky-host': key })).toBe('routed')
    for (const name of ['range', 'if-none-match', 'if-modified-since', 'content-length'])
      expect(await ask(at('/pub/a'), { [name]: '0' })).toBe('routed')
    for (const method of ['PUT', 'OPTIONS', 'DELETE'])
      expect(await ask(at('/pub/a'), {}, method)).toBe('routed')
    expect((await call('HEAD', at('/pub/a'))).text).toBe('')
    ctx.limits = { ...ctx.limits, anySpeeds: true }
    expect(await ask(at('/pub/a'))).toBe('routed')
  } finally {
    await call[Symbol.asyncDispose]()
    http.close()
  }
})
