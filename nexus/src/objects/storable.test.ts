import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { storable } from './storable.ts'

it('keeps every value that PostgreSQL takes as it is', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\u0000'))
  const json = fc.jsonValue({ stringUnit: 'grapheme-ascii' })
  fc.assert(
    fc.property(fc.record({ text, json }), (value) => {
      expect(JSON.stringify(storable(value))).toBe(JSON.stringify(value))
    }),
  )
})

it('leaves no NUL and no half of a pair, wherever they stand', () => {
  const odd = { 'a\u0000': ['\ud800', { b: 'x\udc00\u0000' }], n: 1, none: null }
  const text = JSON.stringify(storable(odd))
  expect(text).toBe('{"a\ufffd":["\ufffd",{"b":"x\ufffd\ufffd"}],"n":1,"none":null}')
})
