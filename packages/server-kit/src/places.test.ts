import { expect, it } from 'vitest'
import { createPlaces } from './places.ts'

it('one address may hold so many places, all together so many, and each is given back', () => {
  const { take, total } = createPlaces({
    max: 5,
    maxPerAddress: 3,
    full: () => new Error('full'),
    fullHere: () => new Error('full here'),
  })
  const first = [1, 2, 3].map(() => take('a'))
  expect(() => take('a')).toThrow('full here')
  const others = [take('b'), take('b')]
  expect(() => take('c')).toThrow(/^full$/)
  first[0]?.()
  expect(() => take('c')).not.toThrow()
  for (const leave of [...first.slice(1), ...others]) leave()
  expect(total()).toBe(1)
  for (let i = 0; i < 3; i += 1) take('a')
})
