import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { insist, PART_MISSING } from './part.ts'

const told = vi.fn()
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('dispatchEvent', ({ type }: Event) => told(type))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  told.mockClear()
})

async function fails(times: number) {
  let left = times
  const loaded = insist(async () => {
    left -= 1
    if (left >= 0) throw new Error('gone')
    return 'here'
  })
  await vi.runAllTimersAsync()
  expect(await loaded).toBe('here')
}

it('a part that keeps failing is told, and one that comes late is not', async () => {
  await fails(3)
  expect(told).not.toHaveBeenCalled()
  await fails(5)
  expect(told.mock.calls).toEqual([[PART_MISSING], [PART_MISSING]])
})
