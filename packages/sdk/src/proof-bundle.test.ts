import { utf8 } from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { expect, test } from 'vitest'
import { decodeBundle, encodeBundle } from './proof-bundle.ts'

test('a bundle comes back as it was', () => {
  const paths = fc.uniqueArray(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 200 })), {
    selector: ([path]) => path,
  })
  fc.assert(
    fc.property(paths, (proofs) => {
      const kept = proofs.filter(([path]) => path !== '__proto__')
      expect([...decodeBundle(encodeBundle(kept))].sort()).toEqual([...kept].sort())
    }),
  )
})

test.each([
  '',
  'null',
  '[]',
  '1',
  '{"v":2,"proofs":{}}',
  '{"v":1}',
  '{"v":1,"proofs":{"/pub/a":1}}',
])('%s holds no proofs', (text) => {
  expect(decodeBundle(utf8(text)).size).toBe(0)
})
