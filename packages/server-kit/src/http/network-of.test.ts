import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { networkOf } from './network-of.ts'

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:0:0:ffff::2', '2001:db8:0:0'],
  ['2001:0db8::', '2001:db8:0:0'],
  ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::5%eth0', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['unknown', 'unknown'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

it('is the same for every address of a network, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const network = networkOf(address)
      expect(networkOf(`${network}::`)).toBe(network)
    }),
  )
})

it('knows nothing of a client that went away', () => {
  expect(networkOf(undefined)).toBe('')
})

it('takes any text', () => {
  fc.assert(fc.property(fc.string(), (text) => void networkOf(text)))
})
