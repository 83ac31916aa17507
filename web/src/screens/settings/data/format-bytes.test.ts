import { expect, test } from 'vitest'
import { formatBytes } from './format-bytes.ts'

test('sizes are written in the largest unit that leaves a number of at least one', () => {
  expect(formatBytes('en', 0)).toBe('0 bytes')
  expect(formatBytes('en', 1023)).toBe('1,023 bytes')
  expect(formatBytes('en', 1536)).toBe('1.5 kB')
  expect(formatBytes('en', 20 * 1024 ** 2)).toBe('20 MB')
  expect(formatBytes('en', 5000 * 1024 ** 4)).toBe('5,000 TB')
})
