import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Reach } from './reach.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watched() {
  let answers = true
  let asked = 0
  const reach = new Reach({
    ask: async () => {
      asked += 1
      if (!answers) throw new TypeError('failed')
    },
  })
  const told: boolean[] = []
  reach.subscribe(() => told.push(reach.reachable))
  return {
    reach,
    told,
    asked: () => asked,
    answer: (value: boolean) => {
      answers = value
    },
  }
}

describe('what the app knows of its connection', () => {
  it('does not believe one failure while the service answers', async () => {
    const { reach, told } = watched()
    reach.suspect()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reach.reachable).toBe(true)
    expect(told).toEqual([])
  })

  it('says that nobody is reached, asks again, and says when it is over', async () => {
    const { reach, told, answer } = watched()
    answer(false)
    reach.suspect()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(told).toEqual([false])
    answer(true)
    await vi.advanceTimersByTimeAsync(5000)
    expect(told).toEqual([false, true])
  })

  it('believes no answer from before the connection changed', async () => {
    let answer = (_: boolean) => {}
    const reach = new Reach({
      ask: () =>
        new Promise<void>((resolve, reject) => {
          answer = (isThere) => (isThere ? resolve() : reject(new TypeError('failed')))
        }),
    })
    reach.suspect()
    const before = answer
    reach.changed()
    answer(false)
    before(true)
    await vi.advanceTimersByTimeAsync(100)
    expect(reach.reachable).toBe(false)
    reach.stop()
  })

  it('looks again after a change, for one answer may still have got through', async () => {
    const { reach, told, answer } = watched()
    reach.changed()
    await vi.advanceTimersByTimeAsync(100)
    expect(told).toEqual([])
    answer(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect(told).toEqual([false])
    reach.stop()
  })

  it('asks once for many suspicions', async () => {
    const { reach, asked } = watched()
    for (let n = 0; n < 20; n += 1) reach.suspect()
    await vi.advanceTimersByTimeAsync(100)
    expect(asked()).toBe(1)
  })

  it('asks no more once it is stopped', async () => {
    const { reach, asked, answer } = watched()
    answer(false)
    reach.suspect()
    await vi.advanceTimersByTimeAsync(100)
    reach.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked()).toBe(1)
  })
})
