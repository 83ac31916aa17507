import { expect, test } from 'vitest'
import { createSignals } from './signals.ts'

test('refusals of the last hour are told, the most frequent first', () => {
  let nowMs = 0
  const signals = createSignals(() => nowMs)
  signals.note('quota', 'ann')
  nowMs = 3_000_000
  for (let i = 0; i < 2; i += 1) signals.note('sign_in', '192.0.2.1')
  signals.note('rate_limited', '192.0.2.1')
  expect(signals.top(10).map(({ kind, count }) => [kind, count])).toEqual([
    ['sign_in', 2],
    ['rate_limited', 1],
    ['quota', 1],
  ])
  nowMs = 3_700_000
  expect(signals.top(10).map(({ kind }) => kind)).toEqual(['sign_in', 'rate_limited'])
  expect(signals.totals()).toMatchObject({ quota: 1, sign_in: 2 })
})

test('who went away is counted, and has no name', () => {
  const signals = createSignals(() => 0)
  signals.note('sign_in', undefined)
  expect([signals.totals().sign_in, signals.top(10)]).toEqual([1, []])
})
