import { expect, test } from 'vitest'
import { createStreamPlaces } from './places.ts'

test('one address may hold so many streams open, all together so many, and each place is given back', () => {
  const { take } = createStreamPlaces({ max: 5, maxPerAddress: 3 })
  const first = [1, 2, 3].map(() => take('192.0.2.1'))
  expect(() => take('192.0.2.1')).toThrow(expect.objectContaining({ code: 'too_many_streams' }))
  // One household has all addresses of a network.
  const others = [take('2001:db8::1'), take('2001:db8::ffff')]
  expect(() => take('192.0.2.9')).toThrow(expect.objectContaining({ code: 'no_streams_left' }))
  first[0]?.()
  expect(() => take('192.0.2.9')).not.toThrow()
  for (const leave of [...first.slice(1), ...others]) leave()
  for (let i = 0; i < 3; i += 1) take('192.0.2.1')
})
