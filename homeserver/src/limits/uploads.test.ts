import { expect, test } from 'vitest'
import { createUploads } from './uploads.ts'

const MB = 1024 * 1024

test('a body whose room was not looked at, which may replace as much, keeps no other out', () => {
  const uploads = createUploads()
  const room = { limit: 10 * MB, used: 10 * MB - 300_000, replaced: null }
  expect(uploads.begin('1', null, 900_000)?.room).toBe(null)
  expect(uploads.bytesOf('1')).toBe(900_000)
  const growing = uploads.begin('1', room, 200_000)
  expect(growing?.room).toBe(300_000 - 256)
  expect(uploads.begin('1', room, 200_000)).toBe(null)
  growing?.leave()
  expect(uploads.begin('1', room, 200_000)).not.toBe(null)
})
