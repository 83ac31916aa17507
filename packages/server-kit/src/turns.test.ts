import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('so many run at once, the others in the order of asking, whatever becomes of those before', async () => {
  const inTurn = createTurns(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const works = Array.from({ length: 5 }, (_, i) =>
    inTurn(async () => {
      begun.push(i)
      await new Promise<void>((resolve) => {
        ends[i] = resolve
      })
      if (i === 1) throw new RangeError('one')
      return i
    }),
  )
  const results = Promise.allSettled(works)
  expect(begun).toEqual([0, 1])
  ends[1]?.()
  await expect.poll(() => begun).toEqual([0, 1, 2])
  ends[2]?.()
  await expect.poll(() => begun).toEqual([0, 1, 2, 3])
  for (const i of [0, 3]) ends[i]?.()
  await expect.poll(() => begun).toEqual([0, 1, 2, 3, 4])
  ends[4]?.()
  const values = (await results).map((one) => (one.status === 'fulfilled' ? one.value : null))
  expect(values).toEqual([0, null, 2, 3, 4])
  expect(await inTurn(async () => 'free again')).toBe('free again')
})
