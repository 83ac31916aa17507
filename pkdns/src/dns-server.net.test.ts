import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import {
  DNS_TYPES,
  decodeDnsMessage,
  encodeDnsMessage,
  type Keypair,
  randomKeypair,
} from '@pubky/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { questionMessage } from './dns/doh.ts'
import { a, ns, rcode, startTestDns, type TestDns } from './testing/dns-network.ts'

let net: TestDns
beforeAll(async () => {
  net = await startTestDns()
})
afterAll(() => net.close())

const publish = (...args: Parameters<TestDns['publish']>) => net.publish(...args)
const ask = (...args: Parameters<TestDns['ask']>) => net.ask(...args)

describe('names of ICANN', () => {
  // covers 4.4.5, 4.7.3, 8.12.5
  it('are forwarded, kept, and asked for once by many at a time', async () => {
    const before = net.upstream.asked('host.example')
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask('host.example')))
    for (const reply of replies)
      expect(reply.answers[0]?.data).toMatchObject({ address: '198.51.100.7' })
    await ask('host.example')
    expect(net.upstream.asked('host.example') - before).toBeLessThanOrEqual(1)
    expect(rcode(await ask('nobody.example'))).toBe(3)
  })

  // covers 4.4.5
  it('are believed only from the server that was asked, with the question that was asked', async () => {
    net.upstream.forge('spoofed.example')
    const reply = await ask('spoofed.example')
    expect(reply.answers.map(({ data }) => data)).toEqual([{ type: 'A', address: '198.51.100.9' }])
  })

  // covers 4.4.1
  it('are fetched over TCP when the reply is cut, and cut for those who cannot take it', async () => {
    net.upstream.large('large.example')
    const small = decodeDnsMessage(
      (await net.overUdp(
        encodeDnsMessage({
          id: 3,
          flags: 0x100,
          questions: [{ name: 'large.example', type: 16, class: 1 }],
        }),
      )) ?? Buffer.alloc(0),
    )
    expect([small.flags & 0x200, small.answers.length]).toEqual([0x200, 0])
    const [full] = await net.overTcp([questionMessage('large.example', 16)])
    expect(full?.answers.length).toBe(20)
    expect((await net.resolver().resolveTxt('large.example')).length).toBe(20)
  })

  // covers 4.4.15
  it('come with their signatures for those who want them, and with what the upstream says of them', async () => {
    net.upstream.sign('signed.example')
    const signed = await ask('signed.example', DNS_TYPES.A, { dnssec: true })
    expect(signed.flags & 0x20).toBe(0x20)
    expect(
      signed.answers.map(({ data }) => (data.type === 'unknown' ? data.code : data.type)),
    ).toEqual(['A', 46])
    expect(signed.additionals[0]?.ttl).toBe(0x8000)
    const plain = await ask('signed.example')
    expect(plain.answers.map(({ data }) => data.type)).toEqual(['A'])
  })

  it('of the root can be asked for too', async () => {
    net.upstream.address('.', '198.51.100.53')
    expect((await ask('.')).answers[0]?.data).toMatchObject({ address: '198.51.100.53' })
  })

  // covers 4.4.3, 8.12.13
  it('are asked of the sample of RFC 8484 as of any other', async () => {
    const sample =
      'AAABAAABAAAAAAAAAWE-NjJjaGFyYWN0ZXJsYWJlbC1tYWtlcy1iYXNlNjR1cmwtZGlzdGluY3QtZnJvbS1zdGFuZGFyZC1iYXNlNjQHZXhhbXBsZQNjb20AAAEAAQ'
    const response = await fetch(`${net.urls.doh}?dns=${sample}`, {
      headers: { accept: 'application/dns-message' },
    })
    const reply = decodeDnsMessage(new Uint8Array(await response.arrayBuffer()))
    expect([response.status, rcode(reply)]).toEqual([200, 3])
    expect(reply.questions[0]?.name).toMatch(/^a\.62characterlabel/)
  })

  it('of this machine never leave it', async () => {
    expect((await ask('localhost')).answers[0]?.data).toMatchObject({ address: '127.0.0.1' })
    expect(net.upstream.asked('localhost')).toBe(0)
  })
})

describe('the server', () => {
  // covers 4.4.1
  it('takes many questions over one TCP connection', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const names = [key, 'host.example', `x.${key}`]
    const replies = await net.overTcp(names.map((name) => questionMessage(name, DNS_TYPES.A)))
    expect(replies.map((reply) => reply.questions[0]?.name).sort()).toEqual(names.sort())
  })

  // covers 4.4.2
  it('answers what is no question with the code for it, or not at all', async () => {
    const code = async (message: Uint8Array) => ((await net.overUdp(message))?.[3] ?? 0) % 16
    const silent = async (message: Uint8Array) => (await net.overUdp(message, 300)) === null
    const question = { name: 'host.example', type: 1, class: 1 }
    expect(await silent(encodeDnsMessage({ flags: 0x8000, questions: [question] }))).toBe(true)
    expect(await silent(Buffer.from('no'))).toBe(true)
    expect(await code(encodeDnsMessage({ flags: 0x2800, questions: [question] }))).toBe(4)
    expect(await code(encodeDnsMessage({ questions: [question, question] }))).toBe(1)
    expect(await code(encodeDnsMessage({ questions: [{ ...question, class: 3 }] }))).toBe(5)
    expect(await code(encodeDnsMessage({ questions: [{ ...question, type: 252 }] }))).toBe(5)
    const badVersion = questionMessage('host.example', 1)
    badVersion[badVersion.length - 5] = 1
    const reply = await net.overUdp(badVersion)
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

  // covers 4.4.3, 8.12.13
  it('speaks DNS over HTTPS by GET and POST, with CORS, and refuses the rest', async () => {
    const message = questionMessage('host.example', DNS_TYPES.A)
    const accept = { accept: 'text/html, application/dns-message;q=0.9' }
    const post = await fetch(net.urls.doh, {
      method: 'POST',
      body: new Uint8Array(message),
      headers: accept,
    })
    expect(post.headers.get('content-type')).toBe('application/dns-message')
    expect(post.headers.get('access-control-allow-origin')).toBe('*')
    expect(decodeDnsMessage(new Uint8Array(await post.arrayBuffer())).answers.length).toBe(1)
    const get = (query: string, headers: Record<string, string> = accept) =>
      fetch(`${net.urls.doh}${query}`, { headers })
    expect((await get(`?dns=${message.toString('base64url')}`)).status).toBe(200)
    for (const query of ['', '?dns=', '?dns=!!', '?dns=AAAA', `?dns=${'A'.repeat(40)}`])
      expect((await get(query)).status).toBe(400)
    expect(
      (await get(`?dns=${message.toString('base64url')}`, { accept: 'application/json' })).status,
    ).toBe(400)
    const preflight = await fetch(net.urls.doh, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-headers': 'content-type' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'content-type',
    ])
  })

  // covers 4.1.9, 4.4.4
  it('tells people in JSON whose record it is, how old, and how many nodes hold it', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const url = net.urls.doh.replace('/dns-query', '/resolve')
    const answer = await (await fetch(`${url}?name=${key}&type=A`)).json()
    expect(answer).toMatchObject({
      Status: 0,
      Answer: [{ name: `${key}.`, type: 1, data: '192.0.2.1' }],
      pubky: { stale: false, keys: [{ key, nodes: 3 }] },
    })
    expect((await fetch(`${url}?name=${key}&type=NONSENSE`)).status).toBe(400)
    expect((await fetch(`${url}?name=a..b`)).status).toBe(400)
  })

  // covers 4.4.16
  it('counts what it does', async () => {
    const text = await (await fetch(net.urls.doh.replace('/dns-query', '/metrics'))).text()
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
      const args = [
        '-p',
        String(net.server.port),
        `@${net.server.host}`,
        ...extra,
        `www.${key}`,
        'A',
      ]
      const { stdout } = await run(tool, args)
      expect(stdout).toContain('192.0.2.2')
      expect(stdout).not.toMatch(/warning|malformed/i)
    }
  })
}
