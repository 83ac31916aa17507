import {
  DNS_TYPES,
  decodeDnsMessage,
  encodeDnsMessage,
  keypairFromSeed,
  parsePublicKey,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  utf8,
} from '@pubky/protocol'
import { createPkarrClient } from '@pubky/sdk/pkarr/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { a, cname, ns, rcode, shown, startTestDns, type TestDns } from './testing/dns-network.ts'

let net: TestDns
beforeAll(async () => {
  net = await startTestDns()
})
afterAll(() => net.close())

const publish = (...args: Parameters<TestDns['publish']>) => net.publish(...args)
const ask = (...args: Parameters<TestDns['ask']>) => net.ask(...args)

describe('names of keys', () => {
  // covers 4.4.17, 8.12.5
  it('answer to a stub resolver of the system library', async () => {
    const key = await publish([
      a('@', '192.0.2.1'),
      a('www', '192.0.2.2'),
      { name: '@', ttl: 60, data: { type: 'TXT', strings: [utf8('hello'), utf8('world')] } },
      { name: '@', ttl: 60, data: { type: 'MX', preference: 10, exchange: 'mail.example.com' } },
    ])
    const stub = net.resolver()
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
    const client = createPkarrClient({ relays: [net.urls.relay] })
    await client.publish(packet)
    expect(await net.resolver().resolve4(keypair.publicKey)).toEqual(['192.0.2.9'])
  })

  // covers 8.12.8
  it('show a change as soon as it is published', async () => {
    const keypair = randomKeypair()
    const key = await publish([a('@', '192.0.2.1')], keypair)
    expect(await net.resolver().resolve4(key)).toEqual(['192.0.2.1'])
    await publish([a('@', '192.0.2.5')], keypair)
    expect(await net.resolver().resolve4(key)).toEqual(['192.0.2.5'])
  })

  // covers 4.4.9, 8.12.2, 8.12.11
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

  // covers 4.4.17
  it('are found however a resolver mixes their letters, and come back as they were asked', async () => {
    const key = await publish([a('www', '192.0.2.2')])
    const mixed = `WwW.${key.toUpperCase()}`
    for (const _ of [1, 2]) {
      const reply = await ask(mixed)
      expect(reply.questions[0]?.name).toBe(mixed)
      expect(reply.answers.length).toBe(1)
    }
  })

  // covers 9.1.2
  it('do not exist in another spelling of their last letter', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const last = key.endsWith('o') ? 't' : 'b'
    expect(rcode(await ask(key.slice(0, -1) + last))).toBe(3)
  })

  // covers 4.4.6, 4.4.8, 8.12.2, 8.12.3, 8.12.7
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

  // covers 4.4.6, 8.12.7
  it('follow an ICANN alias that leads to a key', async () => {
    const key = await publish([a('@', '192.0.2.44')])
    net.upstream.alias('to-key.example', key)
    const reply = await ask('to-key.example')
    expect(rcode(reply)).toBe(0)
    expect(shown(reply).map(([, data]) => data)).toEqual([
      { type: 'CNAME', target: key },
      { type: 'A', address: '192.0.2.44' },
    ])
  })

  // covers 4.4.6, 8.12.4
  it('end in SERVFAIL when aliases go in a circle or through too many keys', async () => {
    const keypair = randomKeypair()
    const self = await publish([cname('@', keypair.publicKey)], keypair)
    expect(rcode(await ask(self))).toBe(2)
    let next = await publish([a('@', '192.0.2.1')])
    for (let n = 0; n < 8; n++) next = await publish([cname('@', next)])
    expect(rcode(await ask(next))).toBe(2)
  })

  // covers 4.4.8
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

  // covers 4.4.6
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

  // covers 4.4.6, 8.12.1, 8.12.6
  it('are asked of the name servers that a packet names, with and without their addresses', async () => {
    const keypair = randomKeypair()
    const near = `ns2.${keypair.publicKey}`
    const records = [ns('@', 'ns.example'), ns('sub', near), a('ns2', '127.0.0.1')]
    const key = await publish(records, keypair)
    net.nameserver.address(`any.${key}`, '203.0.113.1')
    net.nameserver.address(`www.sub.${key}`, '203.0.113.2')
    net.upstream.address('ns.example', '127.0.0.1')
    expect((await ask(`any.${key}`)).answers[0]?.data).toMatchObject({ address: '203.0.113.1' })
    expect((await ask(`www.sub.${key}`)).answers[0]?.data).toMatchObject({ address: '203.0.113.2' })
  })

  // covers 4.4.7, 8.12.6
  it('are believed of such name servers for their own zone only', async () => {
    const key = await publish([ns('@', 'ns.example')])
    net.upstream.address('ns.example', '127.0.0.1')
    net.upstream.address('bank.example', '203.0.113.7')
    net.nameserver.alias(`pay.${key}`, 'bank.example')
    net.nameserver.address('bank.example', '6.6.6.6')
    expect(shown(await ask(`pay.${key}`))).toEqual([
      [`pay.${key}`, { type: 'CNAME', target: 'bank.example' }],
      ['bank.example', { type: 'A', address: '203.0.113.7' }],
    ])
  })

  // covers 8.12.1
  it('show a zone to those who do not ask for recursion', async () => {
    const keypair = randomKeypair()
    const near = `ns2.${keypair.publicKey}`
    const records = [cname('www', 'host.example'), ns('sub', near), a('ns2', '127.0.0.1')]
    const key = await publish(records, keypair)
    const plain = (name: string) =>
      encodeDnsMessage({ id: 7, questions: [{ name, type: DNS_TYPES.A, class: 1 }] })
    const alias = decodeDnsMessage((await net.overUdp(plain(`www.${key}`))) ?? Buffer.alloc(0))
    expect(alias.answers.length).toBe(1)
    const referral = decodeDnsMessage((await net.overUdp(plain(`a.sub.${key}`))) ?? Buffer.alloc(0))
    expect(referral.authorities[0]?.data).toMatchObject({ type: 'NS' })
    expect(referral.additionals[0]?.data).toMatchObject({ address: '127.0.0.1' })
  })

  // covers 4.4.10
  it('have an SOA that says how long their absence may be believed', async () => {
    const key = await publish([a('@', '192.0.2.1')])
    const soa = await ask(key, DNS_TYPES.SOA)
    expect(soa.answers[0]?.data).toMatchObject({ type: 'SOA', mname: key, minimum: 60 })
    expect((await ask(key, DNS_TYPES.AAAA)).authorities[0]?.data.type).toBe('SOA')
    expect((await ask(randomKeypair().publicKey)).authorities[0]?.data.type).toBe('SOA')
  })

  // covers 9.1.11
  it('answer the vector of the specification as the official server does', async () => {
    const keypair = keypairFromSeed(new Uint8Array(32))
    expect(keypair.publicKey).toBe(
      parsePublicKey('8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'),
    )
    await publish([a('@', '1.1.1.1', 30), a('www.sub', '2.2.2.2', 30)], keypair)
    const dns =
      'AAABAAABAAAAAAAANDhwaW54eGdxczQxbjRhaWRpZGVudzVhcHFwMXVyZm16ZHp0cjhqdDRhYnJrZG40MzVld28AAAEAAQ'
    const response = await fetch(`${net.urls.doh}?dns=${dns}`, {
      headers: { accept: 'application/dns-message' },
    })
    expect(response.status).toBe(200)
    // The second may be about to end.
    expect(response.headers.get('cache-control')).toMatch(/^max-age=(30|29)$/)
    const reply = decodeDnsMessage(new Uint8Array(await response.arrayBuffer()))
    expect(reply.answers).toEqual([
      {
        name: keypair.publicKey,
        ttl: expect.toSatisfy((ttl: number) => ttl === 30 || ttl === 29),
        data: { type: 'A', address: '1.1.1.1' },
      },
    ])
  })
})
