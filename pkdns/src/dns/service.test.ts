import {
  decodeDnsMessage,
  encodeDnsMessage,
  type Keypair,
  type ResourceRecord,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  utf8,
} from '@pubky/protocol'
import { describe, expect, it } from 'vitest'
import { createCounts } from './counts.ts'
import { questionMessage } from './doh.ts'
import { createLimits, type LimitSettings } from './limits.ts'
import type { Found } from './packets.ts'
import { createNameResolver } from './resolver.ts'
import { createDnsService, type Transport } from './service.ts'

const NO_LIMITS: LimitSettings = {
  queriesPerSecond: 0,
  queryBurst: 0,
  lookupsPerSecond: 0,
  lookupBurst: 0,
  totalLookupsPerSecond: 0,
  surplusBytesPerSecond: 0,
}

/** A DNS server without sockets over packets and an upstream that the test decides. */
async function server(
  o: { limits?: Partial<LimitSettings>; records?: ResourceRecord[]; keypair?: Keypair } = {},
) {
  const keypair = o.keypair ?? randomKeypair()
  const key = keypair.publicKey
  const records = o.records ?? [{ name: '@', ttl: 100, data: { type: 'A', address: '192.0.2.1' } }]
  const state = {
    nowMs: 1_000_000,
    finds: 0,
    asks: 0,
    isDown: false,
    packet: await signPacket(signerFromKeypair(keypair), records),
  }
  const counts = createCounts()
  const found = (): Found => ({
    kind: 'packet',
    packet: state.packet,
    origin: { key, timestamp: state.packet.timestamp, lastSeen: 0n, nodes: 3 },
    ageS: 0,
    ttlS: 100,
    isStale: false,
  })
  const service = createDnsService({
    resolver: createNameResolver({
      packets: {
        async find(asked, mayAsk) {
          mayAsk()
          state.finds += 1
          if (state.isDown) return { kind: 'unavailable' }
          return asked === key ? found() : { kind: 'missing' }
        },
      },
      forwarder: {
        async ask({ name, type }) {
          state.asks += 1
          if (state.isDown) return null
          const address = { name, ttl: 50, data: { type: 'A', address: '198.51.100.1' } } as const
          const questions = [{ name, type, class: 1 }]
          return Buffer.from(encodeDnsMessage({ flags: 0x8180, questions, answers: [address] }))
        },
        close: () => {},
      },
      upstreams: [{ host: '192.0.2.53', port: 53 }],
      tld: 'key',
      maxSteps: 15,
      negativeTtlS: 60,
      mayReach: () => true,
      delegationPort: 53,
    }),
    limits: createLimits({ ...NO_LIMITS, ...o.limits }, () => state.nowMs),
    counts,
    nowMs: () => state.nowMs,
    cacheBytes: 1 << 20,
    staleS: 3600,
    refuseAny: true,
    warn(error) {
      throw error
    },
  })
  const ask = async (
    name: string,
    { type = 1, network = 'a', transport = 'udp' as Transport, edns = true } = {},
  ) => {
    const plain = encodeDnsMessage({ flags: 0x100, questions: [{ name, type, class: 1 }] })
    const message = edns ? questionMessage(name, type) : Buffer.from(plain)
    const reply = await service.handle(message, { network, transport })
    if (!reply) throw new Error('no reply')
    const { flags, ...rest } = decodeDnsMessage(reply)
    return { rcode: flags & 0xf, isCut: (flags & 0x200) !== 0, bytes: reply, ...rest }
  }
  return { key, state, counts, service, ask }
}

describe('kept answers', () => {
  // covers 4.4.10, 8.12.10
  it('are given with the time that is left to them, then asked for anew', async () => {
    const { key, state, ask } = await server()
    expect((await ask(key)).answers[0]?.ttl).toBe(100)
    state.nowMs += 30_500
    expect((await ask(key)).answers[0]?.ttl).toBe(70)
    expect(state.finds).toBe(1)
    state.nowMs += 70_000
    expect((await ask(key)).answers[0]?.ttl).toBe(100)
    expect(state.finds).toBe(2)
  })

  // covers 4.4.11
  it('that are popular are fetched anew before they end, others are not', async () => {
    const { key, state, counts, ask } = await server()
    await ask(key)
    await ask(`rare.${key}`)
    for (let n = 0; n < 5; n++) await ask(key)
    state.nowMs += 95_000
    expect((await ask(key)).answers[0]?.ttl).toBe(5)
    expect(counts.prefetched).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await ask(key)).answers[0]?.ttl).toBe(100)
    await ask(`rare.${key}`)
    expect(counts.prefetched).toBe(1)
  })

  it('are asked for once by many at a time', async () => {
    const { key, state, ask } = await server()
    await Promise.all(Array.from({ length: 50 }, () => ask(key)))
    expect(state.finds).toBe(1)
  })

  it('go when the packet they are from is replaced', async () => {
    const { key, state, service, ask } = await server()
    await ask(key)
    service.forget(key)
    await ask(key)
    expect(state.finds).toBe(2)
  })

  // covers 4.4.12
  it('are shown, marked and for a short time, when no new ones can be had', async () => {
    const { key, state, ask } = await server()
    for (const name of [key, 'host.example']) {
      state.isDown = false
      await ask(name)
      state.nowMs += 200_000
      state.isDown = true
      const stale = await ask(name)
      expect([stale.rcode, stale.answers[0]?.ttl]).toEqual([0, 30])
      expect(stale.bytes.subarray(-6).toString('hex')).toBe('000f00020003')
      state.isDown = false
      state.nowMs += 5000
      expect((await ask(name)).answers[0]?.ttl).toBeGreaterThan(30)
    }
    state.isDown = true
    state.nowMs += 3_700_000
    expect((await ask(key)).rcode).toBe(2)
  })

  it('of failures last seconds', async () => {
    const { key, state, ask } = await server()
    state.isDown = true
    expect((await ask(key)).rcode).toBe(2)
    await ask(key)
    expect(state.finds).toBe(1)
    state.isDown = false
    state.nowMs += 5001
    expect((await ask(key)).rcode).toBe(0)
  })
})

it('an OPT record of a packet is told to nobody', async () => {
  const opt = { type: 'unknown', code: 41, bytes: Uint8Array.of(0, 3, 0, 0) } as const
  const { ask, key } = await server({
    records: [
      { name: '@', ttl: 100, data: opt },
      { name: '@', ttl: 100, data: { type: 'A', address: '192.0.2.1' } },
    ],
  })
  const { rcode, questions, answers, additionals } = await ask(key, { type: 255, transport: 'tcp' })
  expect([rcode, questions[0]?.name, additionals.length]).toEqual([0, key, 1])
  expect(answers.map(({ data }) => data.type)).toEqual(['A'])
})

describe('limits', () => {
  // covers 4.4.13
  it('are per network, and come back with time', async () => {
    const { key, state, ask } = await server({ limits: { queriesPerSecond: 2, queryBurst: 3 } })
    const codes = async (network: string) => {
      const list: number[] = []
      for (let n = 0; n < 4; n++) list.push((await ask(key, { network })).rcode)
      return list
    }
    expect(await codes('a')).toEqual([0, 0, 0, 5])
    expect(await codes('b')).toEqual([0, 0, 0, 5])
    state.nowMs += 1000
    expect(await codes('a')).toEqual([0, 0, 5, 5])
  })

  // covers 4.4.13
  it('of look-ups do not touch what is kept, and one asker is not charged for another', async () => {
    const { key, ask } = await server({ limits: { lookupsPerSecond: 1, lookupBurst: 1 } })
    expect((await ask(key)).rcode).toBe(0)
    const others = [randomKeypair().publicKey, randomKeypair().publicKey] as const
    expect((await ask(others[0])).rcode).toBe(5)
    expect((await ask(key)).rcode).toBe(0)
    const [refused, allowed] = await Promise.all([ask(others[1]), ask(others[1], { network: 'b' })])
    expect([refused.rcode, allowed.rcode]).toEqual([5, 3])
  })

  // covers 4.4.7
  it('of look-ups count name servers that a packet chose, too', async () => {
    const keypair = randomKeypair()
    const { key, state, ask } = await server({
      limits: { lookupsPerSecond: 1, lookupBurst: 3 },
      keypair,
      records: [
        { name: 'sub', ttl: 100, data: { type: 'NS', target: `ns.${keypair.publicKey}` } },
        { name: 'ns', ttl: 100, data: { type: 'A', address: '192.0.2.53' } },
      ],
    })
    expect((await ask(`a.sub.${key}`)).rcode).toBe(0)
    expect((await ask(`b.sub.${key}`)).rcode).toBe(5)
    expect(state.asks).toBe(1)
  })

  // covers 4.4.14
  it('cut what a forged address would be sent, and never what comes over TCP', async () => {
    const records: ResourceRecord[] = Array.from({ length: 4 }, (_, n) => ({
      name: '@',
      ttl: 100,
      data: { type: 'TXT', strings: [utf8(`${n}`.repeat(150))] },
    }))
    const { key, state, counts, ask } = await server({
      records,
      limits: { surplusBytesPerSecond: 500 },
    })
    const cut: boolean[] = []
    for (let n = 0; n < 8; n++) cut.push((await ask(key, { type: 16 })).isCut)
    expect(cut[0]).toBe(false)
    expect(cut.at(-1)).toBe(true)
    expect(counts.cut).toBeGreaterThan(0)
    const overTcp = await ask(key, { type: 16, transport: 'tcp' })
    expect([overTcp.isCut, overTcp.answers.length]).toEqual([false, 4])
    expect((await ask(key, { type: 16, network: 'b' })).isCut).toBe(false)
    expect((await ask(key)).isCut).toBe(false)
    state.nowMs += 10_000
    expect((await ask(key, { type: 16 })).isCut).toBe(false)
  })

  // covers 4.4.13
  it('bound how many wait for an answer, and how long a question may be', async () => {
    const { key, service, ask } = await server()
    const question = (n: number) => questionMessage(`${n % 4000}.${key}`, 1)
    const asker = { network: 'a', transport: 'udp' } as const
    const replies = Array.from({ length: 10_001 }, (_, n) => service.handle(question(n), asker))
    const codes = (await Promise.all(replies)).map((reply) => (reply?.[3] ?? 0) % 16)
    expect(codes.filter((code) => code === 5).length).toBe(1)
    expect(codes.at(-1)).toBe(5)
    expect((await ask(`again.${key}`)).rcode).toBe(0)
    const long = Buffer.concat([question(1), Buffer.alloc(5000)])
    expect(await service.handle(long, asker)).toHaveProperty('length', 12)
  })

  // covers 4.4.2
  it('of size are what the asker can take', async () => {
    const records: ResourceRecord[] = Array.from({ length: 5 }, (_, n) => ({
      name: '@',
      ttl: 100,
      data: { type: 'TXT', strings: [utf8(`${n}`.repeat(120))] },
    }))
    const { key, ask } = await server({ records })
    const plain = await ask(key, { type: 16, edns: false })
    expect([plain.isCut, plain.answers.length, plain.additionals.length]).toEqual([true, 0, 0])
    const withEdns = await ask(key, { type: 16 })
    expect([withEdns.isCut, withEdns.answers.length, withEdns.additionals.length]).toEqual([
      false,
      5,
      1,
    ])
    expect((await ask(key, { type: 255 })).rcode).toBe(5)
    expect((await ask(key, { type: 255, transport: 'tcp' })).answers.length).toBe(5)
  })
})
