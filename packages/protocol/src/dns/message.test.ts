import { growth } from '@pubky/testkit/growth'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { decodeDnsMessage, encodeDnsMessage } from './message.ts'
import type { RecordData, ResourceRecord } from './records.ts'

const record = (name: string, data: RecordData, ttl = 30): ResourceRecord => ({ name, ttl, data })
const answers = (...records: ResourceRecord[]) =>
  encodeDnsMessage({ flags: 0x8000, answers: records })
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
  return 'none'
}
const message = (count: number, body: string) =>
  fromHex(`000080000000${count.toString(16).padStart(4, '0')}00000000${body}`)

describe('the DNS codec', () => {
  // covers 8.10.2
  it('reads back every type of record it writes', () => {
    const records = [
      record('a.b', { type: 'A', address: '1.2.3.4' }),
      record('a.b', { type: 'AAAA', address: '2001:db8::1' }),
      record('c.b', { type: 'CNAME', target: 'a.b' }),
      record('b', { type: 'NS', target: 'ns.b' }),
      record('b', { type: 'PTR', target: 'p.b' }),
      record('b', { type: 'MX', preference: 10, exchange: 'mx.b' }),
      record('b', { type: 'TXT', strings: [utf8('x=1'), new Uint8Array()] }),
      record('_s.b', { type: 'SRV', priority: 1, weight: 2, port: 3, target: 'a.b' }),
      record('b', {
        type: 'SOA',
        mname: 'ns.b',
        rname: 'me.b',
        serial: 4_294_967_295,
        refresh: 1,
        retry: 2,
        expire: 3,
        minimum: 4,
      }),
      record('b', { type: 'SVCB', priority: 0, target: '.', params: new Map() }),
      record('b', {
        type: 'HTTPS',
        priority: 1,
        target: 'a.b',
        params: new Map([
          [3, Uint8Array.of(1, 2)],
          [65280, Uint8Array.of(9)],
        ]),
      }),
      record('b', { type: 'unknown', code: 257, bytes: Uint8Array.of(1, 2, 3) }),
    ]
    expect(decodeDnsMessage(answers(...records)).answers).toEqual(records)
  })

  it('never compresses inside SVCB, HTTPS and SRV data', () => {
    const bytes = answers(
      record('target.example', { type: 'A', address: '1.1.1.1' }),
      record('target.example', {
        type: 'HTTPS',
        priority: 1,
        target: 'target.example',
        params: new Map(),
      }),
      record('target.example', {
        type: 'SRV',
        priority: 1,
        weight: 1,
        port: 1,
        target: 'target.example',
      }),
    )
    expect(toHex(bytes).split(toHex(utf8('target'))).length - 1).toBe(3)
  })

  it('writes parameters in ascending order', () => {
    const params = new Map([
      [6, new Uint8Array(16)],
      [3, Uint8Array.of(0, 80)],
    ])
    const bytes = answers(record('b', { type: 'HTTPS', priority: 1, target: '.', params }))
    expect(toHex(bytes)).toContain('000300020050000600100000')
  })

  it('compares names case-sensitively when it compresses', () => {
    const bytes = answers(
      record('abc', { type: 'A', address: '1.1.1.1' }),
      record('ABC', { type: 'A', address: '1.1.1.1' }),
    )
    expect(decodeDnsMessage(bytes).answers.map(({ name }) => name)).toEqual(['abc', 'ABC'])
  })

  it('accepts other flags but refuses the reserved one, in both directions', () => {
    for (const flags of [0x0000, 0x8180, 0x8400]) {
      expect(decodeDnsMessage(encodeDnsMessage({ flags })).flags).toBe(flags)
    }
    expect(codeOf(() => decodeDnsMessage(fromHex('000080400000000000000000')))).toBe(
      'dns_malformed',
    )
    expect(codeOf(() => encodeDnsMessage({ flags: 0x8040 }))).toBe('dns_record_invalid')
  })

  it('masks the cache-flush bit and knows the classes 1, 2, 3, 4 and 254 only', () => {
    const withClass = (value: string) => message(1, `0161000001${value}0000001e000401010101`)
    expect(decodeDnsMessage(withClass('8001')).answers[0]?.class).toBeUndefined()
    expect(decodeDnsMessage(withClass('00fe')).answers[0]?.class).toBe(254)
    expect(codeOf(() => decodeDnsMessage(withClass('0005')))).toBe('dns_malformed')
    const bad = { ...record('a', { type: 'A', address: '1.1.1.1' }), class: 5 }
    expect(codeOf(() => answers(bad))).toBe('dns_record_invalid')
  })

  it.each([
    ['a pointer to itself', message(1, 'c00c00010001')],
    ['a pointer forwards', message(1, 'c01000010001')],
    ['a loop of pointers', message(1, '0161c00c000100010000001e000401010101')],
    ['a label of an unknown kind', message(1, '4161000001000100000000')],
    ['more records than bytes', message(0xffff, '')],
    ['data beyond the message', message(1, '01610000010001000000001000')],
    ['surplus data', message(1, '0161000001000100000000000501010101ff')],
    ['a short address', message(1, '01610000010001000000000003010101')],
    [
      'parameters out of order',
      message(1, '016100004100010000000000120001000003000200500001000302683200'),
    ],
    ['a parameter twice', message(1, '0161000041000100000000000f00010000030002005000030002005000')],
    ['a header cut short', fromHex('0000800000000000')],
  ])('refuses %s', (_, bytes) => {
    expect(codeOf(() => decodeDnsMessage(bytes))).toBe('dns_malformed')
  })

  // covers 8.10.3
  it('refuses to build what official readers refuse', () => {
    const https = (params: Map<number, Uint8Array>) =>
      answers(record('b', { type: 'HTTPS', priority: 1, target: '.', params }))
    expect(codeOf(() => https(new Map([[2, new Uint8Array()]])))).toBe('dns_record_invalid')
    expect(codeOf(() => https(new Map([[3, Uint8Array.of(1)]])))).toBe('dns_record_invalid')
    expect(codeOf(() => https(new Map([[4, Uint8Array.of(1)]])))).toBe('dns_record_invalid')
    expect(codeOf(() => https(new Map([[70_000, Uint8Array.of(1)]])))).toBe('dns_record_invalid')
    const at = (name: string) => answers(record(name, { type: 'A', address: '1.1.1.1' }))
    expect(codeOf(() => at('a'.repeat(64)))).toBe('dns_name_invalid')
    expect(codeOf(() => at('a..b'))).toBe('dns_name_invalid')
    expect(codeOf(() => at(Array(127).fill('a').join('.')))).toBe('dns_name_invalid')
    expect(codeOf(() => at(Array(126).fill('a').join('.')))).toBe('none')
    expect(codeOf(() => answers(record('b', { type: 'TXT', strings: [] })))).toBe(
      'dns_record_invalid',
    )
    expect(codeOf(() => answers(record('b', { type: 'A', address: '1.1.1.256' })))).toBe(
      'dns_record_invalid',
    )
    const disguised: RecordData = { type: 'unknown', code: 65, bytes: Uint8Array.of(1) }
    expect(codeOf(() => answers(record('b', disguised)))).toBe('dns_record_invalid')
  })

  it('keeps any bytes of a label by escaping them', () => {
    const bytes = message(1, '03612e00025c2000000100010000000000040101 0101'.replace(' ', ''))
    const [first] = decodeDnsMessage(bytes).answers
    expect(first?.name).toBe('a\\.\\000.\\\\\\032')
    expect(encodeDnsMessage({ flags: 0x8000, answers: first ? [first] : [] })).toEqual(bytes)
  })

  it('survives arbitrary bytes with a listed error or a message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8), (bytes, count) => {
        const whole = new Uint8Array(12 + bytes.length)
        whole[2] = 0x80
        whole[7] = count
        whole.set(bytes, 12)
        expect(['none', 'dns_malformed']).toContain(codeOf(() => decodeDnsMessage(whole)))
      }),
      { numRuns: 500 },
    )
  })

  it('reads back any records', () => {
    const label = fc.stringMatching(/^[a-z0-9_][a-z0-9-]{0,10}$/)
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
    const u16 = fc.nat(0xffff)
    const data: fc.Arbitrary<RecordData> = fc.oneof(
      fc.ipV4().map((address) => ({ type: 'A' as const, address })),
      name.map((target) => ({ type: 'CNAME' as const, target })),
      fc.record({ type: fc.constant('MX' as const), preference: u16, exchange: name }),
      fc
        .array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 3 })
        .map((strings) => ({ type: 'TXT' as const, strings })),
      fc.record({
        type: fc.constantFrom('HTTPS' as const, 'SVCB' as const),
        priority: u16,
        target: name,
        params: fc
          .uniqueArray(fc.integer({ min: 7, max: 0xffff }), { maxLength: 4 })
          .map((keys) => new Map(keys.sort((a, b) => a - b).map((key) => [key, Uint8Array.of(1)]))),
      }),
      fc.record({
        type: fc.constant('unknown' as const),
        code: fc.integer({ min: 256, max: 0xffff }),
        bytes: fc.uint8Array({ maxLength: 50 }),
      }),
    )
    const records = fc.array(fc.record({ name, ttl: fc.nat(0xffffffff), data }), { maxLength: 12 })
    fc.assert(
      fc.property(records, (list) => {
        const bytes = encodeDnsMessage({ flags: 0x8000, answers: list })
        const decoded = decodeDnsMessage(bytes)
        expect(decoded.answers).toEqual(list)
        expect(encodeDnsMessage(decoded)).toEqual(bytes)
      }),
      { numRuns: 200 },
    )
  })

  it('reads a hostile message in time linear to its size', async () => {
    const deep = Array(120).fill('0161').join('')
    const tail = 'c00c000100010000000000040101 0101'.replace(' ', '')
    const read = (records: number) => {
      const body = `${deep}00000100010000000000040101${'0101'}${tail.repeat(records)}`
      expect(decodeDnsMessage(message(records + 1, body)).answers).toHaveLength(records + 1)
    }
    await expect.poll(() => growth(1000, read)).toBeLessThan(10)
  })
})
