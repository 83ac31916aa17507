import { describe, expect, it } from 'vitest'
import { startWithTeardown, supervise, Teardown } from './lifecycle.ts'

describe('Teardown', () => {
  it('undoes the last first, goes on after a failure and tells it', async () => {
    const undone: number[] = []
    const teardown = new Teardown()
    teardown.add(() => void undone.push(1))
    teardown.add(() => {
      throw new RangeError('stuck')
    })
    teardown.add(() => void undone.push(3))
    await expect(teardown[Symbol.asyncDispose]()).rejects.toThrow('not everything')
    expect(undone).toEqual([3, 1])
  })
})

describe('startWithTeardown', () => {
  it('undoes what was set up when the start fails, and closes only once', async () => {
    let closed = 0
    const start = (fail: boolean) =>
      startWithTeardown(async (teardown) => {
        teardown.add(() => {
          closed += 1
        })
        if (fail) throw new RangeError('no')
        return { http: 'here' }
      })
    await expect(start(true)).rejects.toThrow('no')
    expect(closed).toBe(1)
    const running = await start(false)
    await Promise.all([running.close(), running.close()])
    expect(closed).toBe(2)
  })
})

describe('supervise', () => {
  it('runs a component again after it failed, until it is told to stop', async () => {
    const stop = new AbortController()
    let runs = 0
    const component = {
      name: 'flaky',
      async run() {
        runs += 1
        if (runs === 1) throw new RangeError('no')
        stop.abort()
      },
    }
    await supervise(component, stop.signal)
    expect(runs).toBe(2)
  })
})
