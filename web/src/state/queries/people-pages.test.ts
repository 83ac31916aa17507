import { expect, it } from 'vitest'
import { nextSkip } from './people-pages.ts'

it('a list of people goes on after a short page, and ends with one that has nobody new', () => {
  const full = Array.from({ length: 30 }, (_, at) => `a${at}`)
  expect(nextSkip(full, [full])).toBe(30)
  expect(nextSkip(['b'], [full, ['b']])).toBe(60)
  expect(nextSkip([], [full, ['b'], []])).toBeUndefined()
  expect(nextSkip(full, [full, full])).toBeUndefined()
})
