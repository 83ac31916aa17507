import { expect, test } from 'vitest'
import { createPacer } from './pace.ts'

/** Whether bytes pass without waiting. */
function passing(pace: ReturnType<ReturnType<typeof createPacer>['paceOf']>, bytes: number) {
  return pace(bytes, AbortSignal.abort()).then(
    () => true,
    () => false,
  )
}

test('what passes elsewhere counts, at the speed and with the burst that holds there', async () => {
  let now = 0
  const told: unknown[] = []
  const pacer = createPacer(
    (...passed) => told.push(passed),
    () => now,
  )
  const bandwidth = { bytesPerSecond: 4096, burst: 8192 }
  const pace = pacer.paceOf('a', bandwidth)
  pacer.spend('a', bandwidth, 4096)
  expect(await passing(pace, 4096)).toBe(true)
  pacer.spend('a', bandwidth, 8192)
  now = 2000
  expect(await passing(pace, 1)).toBe(false)
  now = 3000
  expect(await passing(pace, 1024)).toBe(true)
  expect(told).toEqual([4096, 1, 1024].map((bytes) => ['a', bandwidth, bytes]))
})
