import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { decodeBencode, type Encodable, encodeBencode } from './bencode.ts'

const decode = (text: string) => decodeBencode(Buffer.from(text, 'latin1'))

describe('bencode', () => {
  it.each([
    '',
    'i',
    'ie',
    'i-e',
    'i-0e',
    'i01e',
    'i1',
    '1:',
    '01:a',
    '-1:a',
    'l',
    'd',
    'di1ei2ee',
    'd1:ae',
    'd1:a1:b1:a1:ce',
    'i1ei2e',
    '9:short',
    `${'l'.repeat(20)}${'e'.repeat(20)}`,
    'i123456789012345678901e',
  ])('refuses %j', (text) => {
    expect(decode(text)).toBeNull()
  })

  it('keeps 64-bit numbers exact', () => {
    expect(decode('i9223372036854775807e')).toBe(2n ** 63n - 1n)
    expect(decode('i-5e')).toBe(-5n)
  })

  it('sorts keys and leaves out what is undefined', () => {
    const bytes = encodeBencode({ b: 1, a: ['x', Uint8Array.of(0)], c: undefined })
    expect(Buffer.from(bytes).toString('latin1')).toBe('d1:al1:x1:\0e1:bi1ee')
  })

  it('reads back what it writes', () => {
    const { tree } = fc.letrec<{ tree: Encodable }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.uint8Array({ maxLength: 20 }),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('tree'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = encodeBencode(value)
        const decoded = decodeBencode(bytes)
        expect(encodeBencode(plain(decoded))).toEqual(bytes)
      }),
      { numRuns: 200 },
    )
  })

  it('never throws on arbitrary bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeBencode(bytes)))
  })
})

function plain(value: ReturnType<typeof decodeBencode>): Encodable {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  }
  if (Array.isArray(value)) return value.map(plain)
  if (value === null) throw new Error('not decoded')
  return value
}
