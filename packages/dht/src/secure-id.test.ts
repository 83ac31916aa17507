import { randomBytes } from 'node:crypto'
import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { isSecureId, secureIdFor } from './secure-id.ts'

/** BEP42, as in spec/discovery.md 9.5. */
const VECTORS = [
  ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
  ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
  ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
  ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
  ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
] as const

// covers 9.1.10
it('ids are bound to addresses as BEP42 says', () => {
  for (const [host, hex] of VECTORS) {
    const id = Uint8Array.from(Buffer.from(hex, 'hex'))
    expect(isSecureId(id, host)).toBe(true)
    expect(isSecureId(id, '8.8.8.8')).toBe(false)
    expect(isSecureId(id.with(0, (id[0] ?? 0) ^ 1), host)).toBe(false)
  }
})

it('an id made for an address is one it may have', () => {
  fc.assert(
    fc.property(fc.ipV4(), (host) => {
      expect(isSecureId(secureIdFor(host, randomBytes), host)).toBe(true)
    }),
  )
})
