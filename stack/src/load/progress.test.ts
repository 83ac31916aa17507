import { expect, it } from 'vitest'
import { createProgress } from './progress.ts'

function play(isTTY: boolean, total: number): string[] {
  const written: string[] = []
  let ms = 0
  const progress = createProgress({ isTTY, write: (text) => written.push(text) }, () => ms)
  for (let done = 1; done <= total; done += 1) {
    ms += 10
    progress.update(done, total)
  }
  progress.end()
  return written
}

it('draws one line again and again on a terminal, and leaves it standing', () => {
  const written = play(true, 1000)
  expect(written.length).toBeLessThan(130)
  expect(written.slice(0, -1).every((text) => text.startsWith('\r'))).toBe(true)
  expect(written.at(-2)).toContain('100 %  1,000 of 1,000 objects, 100/s')
  expect(written.at(-1)).toBe('\n')
})

it('writes a plain line for each tenth anywhere else', () => {
  const written = play(false, 1000)
  expect(written).toHaveLength(10)
  expect(written[0]).toBe(' 10 %  100 of 1,000 objects, 100/s\n')
  expect(written.join('')).not.toContain('\r')
})
