import { expect, test } from 'vitest'
import { ago, bytes, niceCeiling, shortKey, span } from './format.ts'

test('sizes have a unit that fits', () => {
  expect([0, 1023, 1024, 1536, 10_485_760, 2 ** 40].map(bytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 kB',
    '1.5 kB',
    '10 MB',
    '1.0 TB',
  ])
})

test('times are told by their largest unit', () => {
  expect([0, 1, 59, 61, 7200, 90_000].map(span)).toEqual([
    '0 seconds',
    '1 second',
    '59 seconds',
    '1 minute',
    '2 hours',
    '1 day',
  ])
  expect([ago(null), ago(1000, 2000), ago(0, 120_000)]).toEqual([
    'never',
    'just now',
    '2 minutes ago',
  ])
})

test('a chart ends at a round number', () => {
  expect([0, 5, 11, 41, 99, 1001].map(niceCeiling)).toEqual([4, 5, 20, 50, 100, 2000])
})

test('keys are shortened to their ends', () => {
  expect(shortKey('8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo')).toBe('8pinxx…435ewo')
  expect(shortKey('127.0.0.1')).toBe('127.0.0.1')
})
