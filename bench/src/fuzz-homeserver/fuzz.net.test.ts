import { expect, test } from 'vitest'
import { fuzzHomeserver } from './fuzz.ts'

test('a homeserver withstands requests of every sort, and nobody reaches what is not theirs', async () => {
  const report = await fuzzHomeserver({
    seed: 5,
    rounds: 2,
    round: { requests: 400 },
    workers: 8,
    actors: 3,
    bystanders: 2,
  })
  expect(report.findings).toEqual([])
  expect(report.requests).toBeGreaterThan(100)
  // It is no fuzz when everything is refused.
  expect(report.events).toBeGreaterThan(20)
})
