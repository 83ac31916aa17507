import { randomBytes } from 'node:crypto'
import { fc } from '@pubky/testkit/properties'
import { expect, test } from 'vitest'
import { openBucket, sealBucket } from './sealed.ts'

const text = fc.string({ unit: 'binary' })

test('the way to a bucket is read with the same key only, and only as it was sealed', () => {
  const any = fc.record({ endpoint: text, region: text, accessKeyId: text, secretAccessKey: text })
  const [key, other] = [randomBytes(32), randomBytes(32)]
  fc.assert(
    fc.property(any, fc.nat(), (bucket, n) => {
      const sealed = sealBucket(bucket, key)
      expect(openBucket(sealed, key)).toEqual(bucket)
      expect(openBucket(sealed, other)).toBeNull()
      const changed = Buffer.from(sealed)
      changed.writeUInt8((changed.readUInt8(n % changed.length) + 1) % 256, n % changed.length)
      expect(openBucket(changed, key)).toBeNull()
    }),
  )
})

test('what is no sealed bucket is none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(openBucket(bytes, new Uint8Array(32))).toBeNull()
    }),
  )
})
