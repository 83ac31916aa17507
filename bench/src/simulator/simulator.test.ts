import { expect, it } from 'vitest'
import { churn, eclipse, latency } from './experiments.ts'
import { createVirtualTime } from './virtual-time.ts'

const LIMIT_MS = 600_000

// covers 4.6.1, 4.6.2
it('calls come in the order of their times, and nothing else moves the clock', async () => {
  const time = createVirtualTime()
  const seen: string[] = []
  const call = (ms: number, name: string) =>
    time.after(ms, () => seen.push(`${name}@${time.nowMs()}`))
  call(30, 'c')
  call(10, 'a')
  const cancel = call(20, 'never')
  time.after(10, () => call(5, 'b'))
  cancel()
  await time.run()
  expect(seen).toEqual(['a@10', 'b@15', 'c@30'])
})

// covers 4.6.2
it(
  'keys are found at once although a fifth of the nodes is dead, the same way for the same seed',
  async () => {
    const o = { seed: 3, nodes: 400, keys: 10, lookups: 40, deadShare: 0.2 }
    const [one, two] = [await latency(o), await latency(o)]
    expect(one).toEqual(two)
    expect(one.foundShare).toBe(1)
    expect(one.firstP50Ms).toBeLessThan(300)
    expect(one.firstP99Ms).toBeLessThan(1500)
    const waiting = await latency({ ...o, patience: false })
    expect(waiting.wholeP50Ms).toBeGreaterThan(Number(one.wholeP50Ms))
  },
  LIMIT_MS,
)

// covers 4.6.2, 4.8.4
it(
  'the newest record is found although three in ten nodes attack its key',
  async () => {
    const o = { seed: 3, nodes: 400, trials: 5, lookupsPerTrial: 4, hostileShare: 0.3 }
    expect(await eclipse(o)).toMatchObject({ newestShare: 1, olderShare: 0, noneShare: 0 })
  },
  LIMIT_MS,
)

// covers 4.5.2, 4.6.2
it(
  'keys outlive the nodes that hold them when they are published in time',
  async () => {
    const o = { seed: 3, nodes: 300, keys: 10, hours: 48 }
    expect((await churn({ ...o, everyH: 4 })).resolvedShare).toBe(1)
    expect((await churn({ ...o, hours: 960, everyH: 480 })).resolvedShare).toBeLessThan(1)
  },
  LIMIT_MS,
)
