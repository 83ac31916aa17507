import { toMicros } from '@pubky/protocol/brands'
import { fromHex, utf8 } from '@pubky/protocol/bytes'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import {
  checkTimestampId,
  createIdClock,
  hashId,
  idMicros,
  isTimestampId,
  timestampId,
} from './ids.ts'
import { FIRST_ID_MICROS } from './limits.ts'

const PK = 'operrr8wsbpr3ue9d4qj41ge1kcc6r7fdiy6o3ugjrrhi4y77rdo'
const NOW = toMicros(1_767_225_600_123_456n)

describe('timestamp ids', () => {
  it.each([
    [0n, '0000000000000'],
    [1_000_000_000_000_000n, '001RTZN4RT000'],
    [1_727_740_799_999_999n, '00326QR0MQFZY'],
    [1_727_740_800_000_000n, '00326QR0MQG00'],
    [1_732_036_800_000_000n, '0032EHSY6ER00'],
    [1_738_219_028_291_000n, '0032SSN7Q4EVG'],
    [1_738_368_000_000_000n, '0032T2AQ44000'],
    [1_764_731_860_585_000n, '0034A0X7NJ52G'],
    [1_764_731_861_392_000n, '0034A0X7Q3D80'],
    [1_767_225_600_123_000n, '0034EJ2648G7G'],
    [1_767_225_600_123_456n, '0034EJ2648H40'],
  ])('%s microseconds is %s and back', (micros, id) => {
    expect(timestampId(toMicros(micros))).toBe(id)
    expect(idMicros(id)).toBe(micros)
  })

  it('reads lower case, look-alikes and a set spare bit as the same instant', () => {
    for (const id of ['0032ssn7q4evg', 'OO32SSN7Q4EVG', '0032SSN7Q4EVH'])
      expect(idMicros(id)).toBe(idMicros('0032SSN7Q4EVG'))
  })

  it.each(['', '00000', 'UUUUUUUUUUUUU', '0032SSN7Q4EV=', '0032SSN7Q4EVG0', '0032ſSN7Q4EVG'])(
    'refuses %j as not an id',
    (id) => {
      expect(isTimestampId(id)).toBe(false)
      expect(() => checkTimestampId(id, NOW)).toThrow(
        expect.objectContaining({ code: 'invalid_id' }),
      )
    },
  )

  it('accepts the first instant of October 2024 and refuses the one before', () => {
    expect(checkTimestampId('00326QR0MQG00', NOW)).toBe('00326QR0MQG00')
    expect(() => checkTimestampId('00326QR0MQFZY', NOW)).toThrow('after October 1st, 2024')
    expect(() => checkTimestampId('ZZZZZZZZZZZZZ', NOW)).toThrow('after October 1st, 2024')
  })

  it('accepts two hours ahead and refuses a microsecond more', () => {
    const edge = NOW + 7_200_000_000n
    expect(() => checkTimestampId(timestampId(toMicros(edge)), NOW)).not.toThrow()
    expect(() => checkTimestampId(timestampId(toMicros(edge + 1n)), NOW)).toThrow(
      'too far in the future',
    )
  })

  it('sorts as text in the order of time', () => {
    const micros = fc.bigInt(FIRST_ID_MICROS, FIRST_ID_MICROS * 2n)
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        const [x, y] = [timestampId(toMicros(a)), timestampId(toMicros(b))]
        expect(x < y).toBe(a < b)
      }),
    )
  })

  it('makes strictly increasing ids while the clock stands still or goes back', () => {
    let now = NOW
    const next = createIdClock(() => now)
    const ids = Array.from({ length: 3000 }, (_, i) => {
      if (i === 1500) now = toMicros(NOW - 5_000_000n)
      return next()
    })
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('hash ids', () => {
  const post = `pubky://${PK}/pub/pubky.app/posts/0032SSN7Q4EVG`
  it.each([
    ['pubky://user_id/pub/pubky.app/posts/post_id:cool', 'CBYS8P6VJPHC5XXT4WDW26662W'],
    [`${post}:cool`, '86805FC1CSFZD4W6HZ09S24QWG'],
    [`${post}:🚀`, '5WYVEHN8N6VPEXHHZJ4N4ATMPM'],
    ['https://example.com/:web', 'JREHRHWAX5NRHP714CYSZPHT00'],
    [`pubky://${PK}/pub/pubky.app/profile.json:bitcoin`, '7RZXDXMXAXARCDCJ1X3055N8XR'],
    ['pubky://user_id/pub/pubky.app/posts/post_id', '2GN0JCHX9NYXPECQDS8KSMSE7M'],
    [post, '8Z8CWH8NVYQY39ZEBFGKQWWEKG'],
    ['https://Example.com', 'VNE1ZK7H5TVZ3VXNWZA1T3SQ78'],
    [`pubky://${PK}/pub/pubky.app/profile.json`, 'H6WCNWXXPXKFEX16F1AHVNTQCG'],
    [
      '{"tags":[],"reach":"following","layout":"columns","sort":"recent","content":null}',
      '5F2NDB2HJGJ2HJBY6MPQ0H5R0G',
    ],
    ['', 'NW9MKEFNZ6GTD8209QN3DQ6994'],
    ['Hello, Pubky!', '0EVZ6RBPRW3XQAM4BNJ7YJEY44'],
  ])('%s', (input, id) => {
    expect(hashId(input)).toBe(id)
    expect(hashId(utf8(input))).toBe(id)
  })

  it('hashes raw bytes of blobs', () => {
    expect(hashId(fromHex('0102'))).toBe('PZBQ010FF079VVZPQG1RNFN6DR')
    expect(hashId(fromHex('01020304'))).toBe('CDW1T5RM4PHP64QT0P6RE4PNT0')
  })
})
