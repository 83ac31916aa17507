import {
  keypairFromSeed,
  packetFromBytes,
  packetToBytes,
  type RecordData,
  type ResourceRecord,
  randomKeypair,
  signerFromKeypair,
  signPacket,
  utf8,
} from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { ZoneError } from '../errors.ts'
import { parseZone } from './parse-zone.ts'
import { dataText, typeName } from './record-text.ts'

const key = keypairFromSeed(new Uint8Array(32)).publicKey
const parse = (text: string) => parseZone(text, key)
const short = (records: ResourceRecord[]) =>
  records.map(({ name, ttl, data }) => [
    name.replace(key, '@'),
    ttl,
    typeName(data),
    dataText(data),
  ])

describe('a zone file', () => {
  // covers 4.5.1, 8.10.2, 8.12.15
  it('is read as the official tool reads it', () => {
    const zone = `
$TTL 3600
@        NS      ns.example.com.      ; whose is this
@        IN  60  MX  10 mail.example.com.
         TXT     "v=spf1 -all" "second"
www      1h A    192.0.2.1
         AAAA    2001:db8::1
blog     CNAME   www
deep.sub 300 IN TXT ( "one"
                      two )
*        A       192.0.2.9
_pubky   HTTPS   0 ${key}.
`
    expect(short(parse(zone))).toEqual([
      ['@', 3600, 'NS', 'ns.example.com.'],
      ['@', 60, 'MX', '10 mail.example.com.'],
      ['@', 3600, 'TXT', '"v=spf1 -all" "second"'],
      ['www.@', 3600, 'A', '192.0.2.1'],
      ['www.@', 3600, 'AAAA', '2001:db8::1'],
      ['blog.@', 3600, 'CNAME', `www.${key}.`],
      ['deep.sub.@', 300, 'TXT', '"one" "two"'],
      ['*.@', 3600, 'A', '192.0.2.9'],
      ['_pubky.@', 3600, 'HTTPS', `0 ${key}.`],
    ])
  })

  // covers 8.2.7
  it('may hold two aliases of one name, which come through signing and compression', async () => {
    const keypair = randomKeypair()
    const records = parseZone('@ CNAME a.example.\n@ CNAME b.example.', keypair.publicKey)
    const packet = await signPacket(signerFromKeypair(keypair), records)
    expect((await packetFromBytes(packetToBytes(packet))).records).toEqual(records)
  })

  it('drops an SOA, passes over $INCLUDE, and follows $ORIGIN', () => {
    const zone = `@ SOA ns.example. root.example. 1 2 3 4 5\n$INCLUDE other\n$ORIGIN sub.${key}.\nx A 192.0.2.1`
    expect(short(parse(zone))).toEqual([['x.sub.@', 300, 'A', '192.0.2.1']])
  })

  // covers 8.10.2
  it('reads service records with their parameters', () => {
    const [record] = parse('@ HTTPS 1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1 key65280=6286')
    expect(record && dataText(record.data)).toBe(
      '1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1 key65280=6286',
    )
  })

  // covers 8.10.3, 8.10.5
  it('is refused with the line that is wrong', () => {
    const problem = (text: string) => {
      try {
        parse(text)
        return null
      } catch (error) {
        return error instanceof ZoneError ? error.message : String(error)
      }
    }
    expect(problem('@ A 192.0.2.1\nwww A 192.0.2.256')).toMatch(/line 2/)
    expect(problem('@ HINFO a b')).toMatch(/line 1: records of type HINFO are not known/)
    expect(problem('@ TXT "open')).toMatch(/quote/)
    expect(problem('@ TXT ( a')).toMatch(/parenthesis/)
    expect(problem('foo.example. A 192.0.2.1')).toMatch(/not below the key/)
    expect(problem('@ CNAME a b')).toMatch(/CNAME/)
    const large = Array.from({ length: 60 }, (_, n) => `n${n} A 192.0.2.1`).join('\n')
    expect(problem(large)).toMatch(/of 1000 bytes/)
  })

  it('holds what a listing shows: text and data are the same thing', () => {
    const label = fc.stringMatching(/^[a-z0-9_]{1,12}$/)
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
    const u16 = fc.integer({ min: 0, max: 65_535 })
    const data: fc.Arbitrary<RecordData> = fc.oneof(
      fc.record({ type: fc.constant('A' as const), address: fc.ipV4() }),
      fc.record({ type: fc.constantFrom('CNAME' as const, 'NS' as const), target: host }),
      fc.record({ type: fc.constant('MX' as const), preference: u16, exchange: host }),
      fc.record({
        type: fc.constant('TXT' as const),
        strings: fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({
        type: fc.constant('SRV' as const),
        priority: u16,
        weight: u16,
        port: u16,
        target: host,
      }),
      fc.record({
        type: fc.constant('unknown' as const),
        code: fc.constantFrom(99, 257, 65_401),
        bytes: fc.uint8Array({ maxLength: 40 }),
      }),
    )
    fc.assert(
      fc.property(data, (one) => {
        const [record] = parse(`x ${typeName(one)} ${dataText(one)}`)
        expect(record?.data).toEqual(one)
      }),
    )
  })

  const words = [
    '@',
    'A',
    'TXT',
    'HTTPS',
    'IN',
    '$TTL',
    '1h',
    '192.0.2.1',
    'www',
    key,
    '"',
    '(',
    ')',
  ]
  const marks = ['\\', '\\300', ';', ' ', '\t', '\n', '.', '=', ',', '\\#', 'ü', '\0']
  const piece = fc.oneof(fc.constantFrom(...words, ...marks), fc.string({ maxLength: 6 }))

  it('of any text is read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('')
        try {
          parse(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ZoneError)
        }
      }),
    )
  })

  // covers 8.12.15
  it('may hold any bytes in its strings', () => {
    const [record] = parse('@ TXT "a\\"b\\\\c\\255 ü"')
    const bytes = Uint8Array.from([...utf8('a"b\\c'), 255, ...utf8(' ü')])
    expect(record?.data).toEqual({ type: 'TXT', strings: [bytes] })
  })
})
