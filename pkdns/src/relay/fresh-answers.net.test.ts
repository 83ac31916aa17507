import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packetToRelayPayload, randomKeypair, signerFromKeypair, signPacket } from '@pubky/protocol'
import { createLogger, Teardown } from '@pubky/server-kit'
import { expect, it } from 'vitest'
import { startPkdns } from '../start.ts'
import { answerFreshFirst, type FreshContext } from './fresh-answers.ts'
import type { KeptPacket } from './packet-store.ts'

const keypair = randomKeypair()
const key = keypair.publicKey
const packet = await signPacket(signerFromKeypair(keypair), [
  { name: '@', ttl: 3600, data: { type: 'A', address: '192.0.2.1' } },
])
const payload = packetToRelayPayload(packet)

/** Headers but for those that differ between any two requests. */
function lasting({ headers }: Response): Record<string, string> {
  const { date, 'x-ratelimit-remaining': remaining, ...rest } = Object.fromEntries(headers)
  return rest
}

// covers 4.3.1, 4.3.3
it('what is answered ahead of the router is what the router answers, byte for byte', async () => {
  await using teardown = new Teardown()
  const dataDir = await mkdtemp(join(tmpdir(), 'pubky-fresh-'))
  teardown.add(() => rm(dataDir, { recursive: true, force: true }))
  const ports = { relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 }
  const log = createLogger('test', { level: 'silent' })
  const pkdns = await startPkdns({ dataDir, nodes: 2, ...ports }, { log })
  teardown.use(pkdns)
  const url = `${pkdns.urls.relay}/${key}`
  const put = await fetch(url, { method: 'PUT', body: payload as Uint8Array<ArrayBuffer> })
  expect(put.status).toBe(204)
  for (const headers of [{}, { origin: 'http://app.example' }] as Record<string, string>[]) {
    const routed = await fetch(`${url}?policy=CacheFirst&`, { headers })
    expect(new Uint8Array(await routed.arrayBuffer())).toEqual(payload)
    for (const path of ['', '?policy=CacheFirst']) {
      const first = await fetch(`${url}${path}`, { headers })
      expect(first.status).toBe(200)
      expect(lasting(first)).toEqual(lasting(routed))
      expect(first.headers.get('content-length')).toBe(String(payload.length))
      expect(new Uint8Array(await first.arrayBuffer())).toEqual(payload)
    }
  }
  const left = Number((await fetch(url)).headers.get('x-ratelimit-remaining'))
  expect(left).toBeGreaterThan(4900)
  expect(left).toBeLessThan(5000)
})

/** A server whose routes say so, with these answers ahead of them. */
async function start(teardown: Teardown, o: Partial<FreshContext> = {}) {
  const server = createServer((_, response) => response.setHeader('x-routed', 'yes').end())
  const kept: KeptPacket = { packet, lastSeen: 1n }
  answerFreshFirst(server, {
    fresh: (asked) => (asked === key ? kept : null),
    requests: { take: () => ({ limit: 5, remaining: 4 }) },
    behindProxy: false,
    ttl: { min: 300, max: 300 },
    ...o,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  teardown.add(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    const bytes = new Uint8Array(await response.arrayBuffer())
    return response.headers.has('x-routed') ? 'routed' : bytes
  }
  return Object.assign(ask, { port })
}

it('a fresh packet never reaches the router, and everything that is not so plain does', async () => {
  await using teardown = new Teardown()
  const ask = await start(teardown)
  expect(await ask(`/${key}`)).toEqual(payload)
  expect(await ask(`/${key}?policy=CacheFirst`)).toEqual(payload)
  const others: [string, RequestInit?][] = [
    [`/${randomKeypair().publicKey}`],
    [`/pk:${key}`],
    [`/${key}/`],
    [`//${key}`],
    [`/${key}?policy=NetworkOnly`],
    [`/${key}?policy=CacheOnly`],
    [`/${key}`, { method: 'HEAD' }],
    [`/${key}`, { method: 'PUT', body: payload as Uint8Array<ArrayBuffer> }],
    [`/${key}`, { headers: { accept: 'text/html' } }],
    [`/${key}`, { headers: { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' } }],
    ['/'],
  ]
  for (const [path, init] of others) expect(await ask(path, init)).toBe('routed')
})

it('of requests that are sent without waiting the first alone is answered ahead, so that the rest are counted', async () => {
  await using teardown = new Teardown()
  const ask = await start(teardown)
  const socket = connect(ask.port, '127.0.0.1')
  teardown.add(() => void socket.destroy())
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  socket.write(`GET /${key} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(4))
  await expect.poll(() => text.match(/HTTP\/1\.1 200/g)?.length).toBe(4)
  expect(text.match(/x-routed/g)).toHaveLength(3)
  expect(text.match(/memento-datetime/g)).toHaveLength(1)
})

// covers 4.3.2
it("a packet that is not fresh, and a client that has asked too much, are the router's", async () => {
  await using teardown = new Teardown()
  expect(await (await start(teardown, { fresh: () => null }))(`/${key}`)).toBe('routed')
  const take = () => {
    throw new RangeError('too much')
  }
  expect(await (await start(teardown, { requests: { take } }))(`/${key}`)).toBe('routed')
})
