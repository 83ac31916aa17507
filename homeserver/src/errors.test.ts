import { expect, test } from 'vitest'
import { refusals } from './errors.ts'

test('every refusal that may pass says when to ask again', () => {
  const made = Object.entries(refusals).map(([name, make]) => {
    const { status, headers } = (make as (value: unknown) => ReturnType<typeof refusals.notFound>)(
      1n,
    )
    return { name, status, headers }
  })
  const passing = made.filter(({ status }) => status === 429 || status === 503)
  expect(passing.length).toBeGreaterThan(3)
  for (const { name, headers } of passing)
    expect([name, headers['retry-after']]).toEqual([name, expect.stringMatching(/^[1-9]\d*$/)])
})
