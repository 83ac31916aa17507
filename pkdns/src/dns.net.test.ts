import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  DNS_TYPES,
  type DnsMessage,
  decodeDnsMessage,
  encodeDnsMessage,
  type Keypair,
  keypairFromSeed,
  nowMicros,
  packetToRelayPayload,
  parsePublicKey,
  type ResourceRecord,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  utf8,
} from '@pubky/protocol'
import { createPkarrClient } from '@pubky/sdk/pkarr/client'
import { createLogger } from '@pubky/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { questionMessage } from './dns/doh.ts'
import { startTestUpstream, type TestUpstream } from './dns/test-upstream.ts'
import { startPkdns } from './start.ts'

const log = createLogger('test', { level: 'silent' })
let dir: string
let upstream: TestUpstream
let pkdns: Awaited<ReturnType<typeof startPkdns>>
let server: { host: string; port: number }

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-dns-'))
  upstream = await startTestUpstream()
  pkdns = await startPkdns(
    {
      dataDir: dir,
      relayPort: 0,
      dhtPort: 0,
      dnsPort: 0,
      dohPort: 0,
      nodes: 3,
      forward: [`127.0.0.1:${upstream.port}`],
    },
    { log, delegationPort: upstream.port },
  )
  const [host = '', port = ''] = pkdns.urls.dns.split(':')
  server = { host, port: Number(port) }
})
afterAll(async () => {
  await pkdns.close()
  await upstream.close()
  await rm(dir, { recursive: true, force: true })
})

async function publish(records: ResourceRecord[], keypair = randomKeypair()): Promise<string> {
  const packet = await signPacket(signerFromKeypair(keypair), records, nowMicros())
  const { status } = await fetch(`${pkdns.urls.relay}/${keypair.publicKey}`, {
    method: 'PUT',
    body: packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>,
  })
  expect(status).toBe(204)
  return keypair.publicKey
}

const a = (name: string, address: string, ttl = 300): ResourceRecord => ({
  name,
  ttl,
  data: { type: 'A', address },
})
const cname = (name: string, target: string): ResourceRecord => ({
  name,
  ttl: 300,
  data: { type: 'CNAME', target },
})
const ns = (name: string, target: string): ResourceRecord => ({
  name,
  ttl: 300,
  data: { type: 'NS', target },
})

function resolver(): Resolver {
  const stub = new Resolver({ timeout: 3000, tries: 1 })
  stub.setServers([`${server.host}:${server.port}`])
  return stub
}

/** Sends raw bytes over UDP; null after a while of silence. */
async function overUdp(message: Uint8Array, waitMs = 1000): Promise<Buffer | null> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs, null)
      socket.once('message', (bytes) => {
        clearTimeout(timer)
        resolve(bytes)
      })
      socket.send(message, server.port, server.host)
    })
  } finally {
    socket.close()
  }
}

async function overTcp(messages: readonly Uint8Array[]): Promise<DnsMessage[]> {
  const socket = connect(server)
  const replies: DnsMessage[] = []
  let rest = Buffer.alloc(0)
  for (const message of messages) {
    const head = Buffer.alloc(2)
    head.writeUInt16BE(message.length)
    socket.write(Buffer.concat([head, message]))
  }
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer])
    while (rest.length >= 2 && rest.length >= rest.readUInt16BE(0) + 2) {
      replies.push(decodeDnsMessage(rest.subarray(2, rest.readUInt16BE(0) + 2)))
      rest = rest.subarray(rest.readUInt16BE(0) + 2)
    }
    if (replies.length === messages.length) break
  }
  socket.destroy()
  return replies
}

async function ask(name: string, type: number = DNS_TYPES.A): Promise<DnsMessage> {
  const reply = await overUdp(questionMessage(name, type))
  if (!reply) throw new Error('no reply')
  return decodeDnsMessage(reply)
}

const rcode = ({ flags }: DnsMessage) => flags & 0xf
const shown = ({ answers }: DnsMessage) => answers.map(({ name, data }) => [name, data])

describe('names of keys', () => {
  it('answer to a stub resolver of the system library', async () => {
    const key = await publish([
      a('@', '192.0.2.1'),
      a('www', '192.0.2.2'),
      { name: '@', ttl: 60, data: { type: 'TXT', strings: [utf8('hello'), utf8('world')] } },
      { name: '@', ttl: 60, data: { type: 'MX', preference: 10, exchange: 'mail.example.com' } },
    ])
    const stub = resolver()
    expect(await stub.resolve4(key)).toEqual(['192.0.2.1'])
    expect(await stub.resolve4(`www.${key}`, { ttl: true })).toEqual([
      { address: '192.0.2.2', ttl: 300 },
    ])
    expect(await stub.resolveTxt(key)).toEqual([['hello', 'world']])
    expect(await stub.resolveMx(key)).toEqual([{ exchange: 'mail.example.com', priority: 10 }])
    await expect(stub.resolve4(randomKeypair().publicKey)).rejects.toMatchObject({
      code: 'ENOTFOUND',
    })
    await expect(stub.resolve6(key)).rejects.toMatchObject({ code: 'ENODATA' })
  })

  it('answer for packets that only the DHT has, published by our own client', async () => {
    const keypair = randomKeypair()
    const packet = await signPacket(signerFromKeypair(keypair), [a('@', '192.0.2.9')])
    const client = createPkarrClient({ relays: [pkdns.urls.relay] })
    await client.publish(packet)
    expect(await resolver().resolve4(keypair.publicKey)).toEqual(['192.0.2.9'])
  })

  it('show a change as soon as it is published', async () => {
    const keypair = randomKeypair()
    const key = await publish([a('@', '192.0.2.1')], keypair)
    expect(await resolver().resolve4(key)).toEqual(['192.0.2.1'])
    await publish([a('@', '192.0.2.5')], keypair)
    expect(await resolver().resolve4(key)).toEqual(['192.0.2.5'])
  })

  it('are found below the top-level domain, which the answers carry too', async () => {
    const key = await publish([a('@', '192.0.2.1'), cname('www', 'sub'), a('sub', '192.0.2.3')])
    expect(shown(await ask(`${key}.key`))).toEqual([
      [`${key}.key`, { type: 'A', address: '192.0.2.1' }],
    ])
    const other = await publish([cname('www', `sub.${key}`)])
    expect(shown(await ask(`www.${other}.key`))).toEqual([
      [`www.${other}.key`, { type: 'CNAME', target: `sub.${key}.key` }],
      [`sub.${key}.key`, { type: 'A', address: '192.0.2.3' }],
    ])
  })

  it('are found however a resolver mixes their letters, and come back as they were asked', async () => {
    const key = await publish([a('www', '192.0.2.2')])
    const mixed = `WwW.${key.toUpperCase()}`
    for (const _ of [1, 2]) {
      const reply = await ask(mixed)
      expect(reply.questions[0]?.name).toBe(mixed)
      expect(reply.answers.length).toBe(1)
    }
  })

  it('do not exist in another spelling of their last letter', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const last = key.endsWith('o') ? 't' : 'b'
    expect(rcode(await ask(key.slice(0, -1) + last))).toBe(3)
  })

  it('follow aliases within a packet, to other keys and to ICANN names', async () => {
    const icann = await publish([cname('blog', 'alias.example'), cname('@', 'alias.example')])
    expect(shown(await ask(`blog.${icann}`)).map(([, data]) => data)).toEqual([
      { type: 'CNAME', target: 'alias.example' },
      { type: 'CNAME', target: 'host.example' },
      { type: 'A', address: '198.51.100.7' },
    ])
    const two = await publish([cname('x', `blog.${icann}`)])
    expect((await ask(`x.${two}`)).answers.length).toBe(4)
    const apex = await ask(icann)
    expect(apex.answers.at(-1)?.data).toEqual({ type: 'A', address: '198.51.100.7' })
  })

  it('follow an ICANN alias that leads to a key', async () => {
    const key = await publish([a('@', '192.0.2.44')])
    upstream.alias('to-key.example', key)
    const reply = await ask('to-key.example')
    expect(rcode(reply)).toBe(0)
    expect(shown(reply).map(([, data]) => data)).toEqual([
      { type: 'CNAME', target: key },
      { type: 'A', address: '192.0.2.44' },
    ])
  })

  it('end in SERVFAIL when aliases go in a circle or through too many keys', async () => {
    const keypair = randomKeypair()
    const self = await publish([cname('@', keypair.publicKey)], keypair)
    expect(rcode(await ask(self))).toBe(2)
    let next = await publish([a('@', '192.0.2.1')])
    for (let n = 0; n < 8; n++) next = await publish([cname('@', next)])
    expect(rcode(await ask(next))).toBe(2)
  })

  it('have wildcards that nearer names hide', async () => {
    const key = await publish([
      a('*', '192.0.2.10'),
      a('*.deep', '192.0.2.11'),
      a('own', '192.0.2.12'),
      a('x.y', '192.0.2.13'),
    ])
    const addressOf = async (name: string) =>
      (await ask(`${name}.${key}`)).answers.map(({ name: owner, data }) => [owner, data])
    expect(await addressOf('any')).toEqual([[`any.${key}`, { type: 'A', address: '192.0.2.10' }]])
    expect((await addressOf('a.b.deep'))[0]?.[1]).toMatchObject({ address: '192.0.2.11' })
    expect((await addressOf('own'))[0]?.[1]).toMatchObject({ address: '192.0.2.12' })
    // y exists because x.y does.
    expect(await addressOf('y')).toEqual([])
    expect(await addressOf('z.own')).toEqual([])
  })

  it('give the addresses of an alias where only an alias is published', async () => {
    const home = await publish([a('@', '192.0.2.70')])
    const user = await publish([
      {
        name: '_pubky',
        ttl: 60,
        data: { type: 'HTTPS', priority: 0, target: home, params: new Map() },
      },
      {
        name: '@',
        ttl: 60,
        data: {
          type: 'unknown',
          code: 65_401,
          bytes: Buffer.from('\x04host\x07example\0', 'latin1'),
        },
      },
    ])
    expect(shown(await ask(`_pubky.${user}`))).toEqual([
      [`_pubky.${user}`, { type: 'A', address: '192.0.2.70' }],
    ])
    expect(shown(await ask(user))).toEqual([[user, { type: 'A', address: '198.51.100.7' }]])
    const https = await ask(`_pubky.${user}`, DNS_TYPES.HTTPS)
    expect(https.answers[0]?.data).toMatchObject({ type: 'HTTPS', target: home })
  })

  it('are asked of the name servers that a packet names, with and without their addresses', async () => {
    const keypair = randomKeypair()
    const near = `ns2.${keypair.publicKey}`
    const records = [ns('@', 'ns.example'), ns('sub', near), a('ns2', '127.0.0.1')]
    const key = await publish(records, keypair)
    upstream.address(`any.${key}`, '203.0.113.1')
    upstream.address(`www.sub.${key}`, '203.0.113.2')
    upstream.address('ns.example', '127.0.0.1')
    expect((await ask(`any.${key}`)).answers[0]?.data).toMatchObject({ address: '203.0.113.1' })
    expect((await ask(`www.sub.${key}`)).answers[0]?.data).toMatchObject({ address: '203.0.113.2' })
  })

  it('show a zone to those who do not ask for recursion', async () => {
    const keypair = randomKeypair()
    const near = `ns2.${keypair.publicKey}`
    const records = [cname('www', 'host.example'), ns('sub', near), a('ns2', '127.0.0.1')]
    const key = await publish(records, keypair)
    const plain = (name: string) =>
      encodeDnsMessage({ id: 7, questions: [{ name, type: DNS_TYPES.A, class: 1 }] })
    const alias = decodeDnsMessage((await overUdp(plain(`www.${key}`))) ?? Buffer.alloc(0))
    expect(alias.answers.length).toBe(1)
    const referral = decodeDnsMessage((await overUdp(plain(`a.sub.${key}`))) ?? Buffer.alloc(0))
    expect(referral.authorities[0]?.data).toMatchObject({ type: 'NS' })
    expect(referral.additionals[0]?.data).toMatchObject({ address: '127.0.0.1' })
  })

  it('have an SOA that says how long their absence may be believed', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const soa = await ask(key, DNS_TYPES.SOA)
    expect(soa.answers[0]?.data).toMatchObject({ type: 'SOA', mname: key, minimum: 60 })
    expect((await ask(key, DNS_TYPES.AAAA)).authorities[0]?.data.type).toBe('SOA')
    expect((await ask(randomKeypair().publicKey)).authorities[0]?.data.type).toBe('SOA')
  })

  it('answer the vector of the specification as the official server does', async () => {
    const keypair = keypairFromSeed(new Uint8Array(32))
    expect(keypair.publicKey).toBe(
      parsePublicKey('8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'),
    )
    await publish([a('@', '1.1.1.1', 30), a('www.sub', '2.2.2.2', 30)], keypair)
    const dns =
      'AAABAAABAAAAAAAANDhwaW54eGdxczQxbjRhaWRpZGVudzVhcHFwMXVyZm16ZHp0cjhqdDRhYnJrZG40MzVld28AAAEAAQ'
    const response = await fetch(`${pkdns.urls.doh}?dns=${dns}`, {
      headers: { accept: 'application/dns-message' },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('max-age=30')
    const reply = decodeDnsMessage(new Uint8Array(await response.arrayBuffer()))
    expect(reply.answers).toEqual([
      { name: keypair.publicKey, ttl: 30, data: { type: 'A', address: '1.1.1.1' } },
    ])
  })
})

describe('names of ICANN', () => {
  it('are forwarded, kept, and asked for once by many at a time', async () => {
    const before = upstream.asked('host.example')
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask('host.example')))
    for (const reply of replies)
      expect(reply.answers[0]?.data).toMatchObject({ address: '198.51.100.7' })
    await ask('host.example')
    expect(upstream.asked('host.example') - before).toBeLessThanOrEqual(1)
    expect(rcode(await ask('nobody.example'))).toBe(3)
  })

  it('are believed only from the server that was asked, with the question that was asked', async () => {
    upstream.forge('spoofed.example')
    const reply = await ask('spoofed.example')
    expect(reply.answers.map(({ data }) => data)).toEqual([{ type: 'A', address: '198.51.100.9' }])
  })

  it('are fetched over TCP when the reply is cut, and cut for those who cannot take it', async () => {
    upstream.large('large.example')
    const small = decodeDnsMessage(
      (await overUdp(
        encodeDnsMessage({
          id: 3,
          flags: 0x100,
          questions: [{ name: 'large.example', type: 16, class: 1 }],
        }),
      )) ?? Buffer.alloc(0),
    )
    expect([small.flags & 0x200, small.answers.length]).toEqual([0x200, 0])
    const [full] = await overTcp([questionMessage('large.example', 16)])
    expect(full?.answers.length).toBe(20)
    expect((await resolver().resolveTxt('large.example')).length).toBe(20)
  })

  it('of this machine never leave it', async () => {
    expect((await ask('localhost')).answers[0]?.data).toMatchObject({ address: '127.0.0.1' })
    expect(upstream.asked('localhost')).toBe(0)
  })
})

describe('the server', () => {
  it('takes many questions over one TCP connection', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const names = [key, 'host.example', `x.${key}`]
    const replies = await overTcp(names.map((name) => questionMessage(name, DNS_TYPES.A)))
    expect(replies.map((reply) => reply.questions[0]?.name).sort()).toEqual(names.sort())
  })

  it('answers what is no question with the code for it, or not at all', async () => {
    const code = async (message: Uint8Array) => {
      const reply = await overUdp(message, 300)
      return reply && (reply[3] ?? 0) % 16
    }
    const question = { name: 'host.example', type: 1, class: 1 }
    expect(await code(encodeDnsMessage({ flags: 0x8000, questions: [question] }))).toBeNull()
    expect(await code(Buffer.from('no'))).toBeNull()
    expect(await code(encodeDnsMessage({ flags: 0x2800, questions: [question] }))).toBe(4)
    expect(await code(encodeDnsMessage({ questions: [question, question] }))).toBe(1)
    expect(await code(encodeDnsMessage({ questions: [{ ...question, class: 3 }] }))).toBe(5)
    expect(await code(encodeDnsMessage({ questions: [{ ...question, type: 252 }] }))).toBe(5)
    const badVersion = questionMessage('host.example', 1)
    badVersion[badVersion.length - 5] = 1
    const reply = await overUdp(badVersion)
    expect(decodeDnsMessage(reply ?? Buffer.alloc(0)).additionals[0]?.ttl).toBe(0x01000000)
  })

  it('says why an answer is as it is to those who ask with EDNS', async () => {
    const keypair: Keypair = randomKeypair()
    const self = await publish([ns('@', 'ns.nowhere.example')], keypair)
    const reply = await ask(`www.${self}`)
    expect(rcode(reply)).toBe(2)
    const opt = reply.additionals[0]?.data
    expect(opt?.type === 'unknown' && Buffer.from(opt.bytes).toString('hex')).toBe('000f00020016')
  })

  it('speaks DNS over HTTPS by GET and POST, with CORS, and refuses the rest', async () => {
    const message = questionMessage('host.example', DNS_TYPES.A)
    const accept = { accept: 'text/html, application/dns-message;q=0.9' }
    const post = await fetch(pkdns.urls.doh, {
      method: 'POST',
      body: new Uint8Array(message),
      headers: accept,
    })
    expect(post.headers.get('content-type')).toBe('application/dns-message')
    expect(post.headers.get('access-control-allow-origin')).toBe('*')
    expect(decodeDnsMessage(new Uint8Array(await post.arrayBuffer())).answers.length).toBe(1)
    const get = (query: string, headers: Record<string, string> = accept) =>
      fetch(`${pkdns.urls.doh}${query}`, { headers })
    expect((await get(`?dns=${message.toString('base64url')}`)).status).toBe(200)
    for (const query of ['', '?dns=', '?dns=!!', '?dns=AAAA', `?dns=${'A'.repeat(40)}`])
      expect((await get(query)).status).toBe(400)
    expect(
      (await get(`?dns=${message.toString('base64url')}`, { accept: 'application/json' })).status,
    ).toBe(400)
    const preflight = await fetch(pkdns.urls.doh, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-headers': 'content-type' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'content-type',
    ])
  })

  it('tells people in JSON whose record it is, how old, and how many nodes hold it', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const url = pkdns.urls.doh.replace('/dns-query', '/resolve')
    const answer = await (await fetch(`${url}?name=${key}&type=A`)).json()
    expect(answer).toMatchObject({
      Status: 0,
      Answer: [{ name: `${key}.`, type: 1, data: '192.0.2.1' }],
      pubky: { stale: false, keys: [{ key, nodes: 3 }] },
    })
    expect((await fetch(`${url}?name=${key}&type=NONSENSE`)).status).toBe(400)
    expect((await fetch(`${url}?name=a..b`)).status).toBe(400)
  })

  it('counts what it does', async () => {
    const text = await (await fetch(pkdns.urls.doh.replace('/dns-query', '/metrics'))).text()
    expect(text).toMatch(/pkdns_queries_total\{transport="udp"\} [1-9]/)
    expect(text).toMatch(/pkdns_answers_total\{rcode="NXDOMAIN"\} [1-9]/)
    expect(text).toMatch(/pkdns_resolve_ms_count\{source="key"\} [1-9]/)
  })
})

const run = promisify(execFile)
const has = async (tool: string) =>
  run('which', [tool]).then(
    () => true,
    () => false,
  )

for (const tool of ['dig', 'kdig', 'drill']) {
  const found = await has(tool)
  it.skipIf(!found)(`${tool} gets answers over UDP and TCP`, async () => {
    const key = await publish([a('@', '192.0.2.1'), a('www', '192.0.2.2')])
    const tcp = tool === 'drill' ? '-t' : '+tcp'
    for (const extra of [[], [tcp]]) {
      const args = ['-p', String(server.port), `@${server.host}`, ...extra, `www.${key}`, 'A']
      const { stdout } = await run(tool, args)
      expect(stdout).toContain('192.0.2.2')
      expect(stdout).not.toMatch(/warning|malformed/i)
    }
  })
}
