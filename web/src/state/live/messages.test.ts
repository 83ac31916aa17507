import { expect, it } from 'vitest'
import { mergeInterests } from './messages.ts'

it('keeps the interest that all tabs share, and takes everything when they differ', () => {
  expect(mergeInterests([])).toEqual({ source: 'none' })
  expect(mergeInterests([{ source: 'friends' }, { source: 'none' }])).toEqual({ source: 'friends' })
  expect(mergeInterests([{ source: 'friends' }, { source: 'post', post: 'a' }])).toEqual({
    source: 'all',
  })
})
