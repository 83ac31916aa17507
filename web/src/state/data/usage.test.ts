import { expect, test } from 'vitest'
import { parseStorage } from './usage.ts'

test('what a homeserver says about storage is read, an absent limit included', () => {
  const storage = { used_bytes: 261, limit_bytes: null, files: 2, largest_file_bytes: 1000 }
  expect(parseStorage({ pubky: 'x', storage })).toEqual({
    usedBytes: 261,
    limitBytes: null,
    files: 2,
    largestFileBytes: 1000,
  })
})

test('an answer of another shape counts as none', () => {
  for (const answer of [null, 7, {}, { storage: null }, { storage: { used_bytes: '1', files: 0 } }])
    expect(parseStorage(answer)).toBeNull()
})
