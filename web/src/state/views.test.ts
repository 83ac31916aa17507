import { expect, test } from 'vitest'
import { canEdit, type PostView } from './views.ts'

const of = (author: string, kind: string) => ({ details: { author, kind } }) as PostView

test('authors edit what they wrote, but no article: its text is JSON of another client', () => {
  expect(canEdit(of('ann', 'short'), 'ann')).toBe(true)
  expect(canEdit(of('ann', 'image'), 'ann')).toBe(true)
  expect(canEdit(of('ann', 'short'), 'bob')).toBe(false)
  expect(canEdit(of('ann', 'short'), null)).toBe(false)
  expect(canEdit(of('ann', 'long'), 'ann')).toBe(false)
})
