import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { JournalEntry } from './entries.ts'
import type { Projection } from './projection.ts'
import { type ReadableJournal, runProjection } from './run-projection.ts'
import { createWaker } from './waker.ts'

const GATHER_MS = 700

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A projection over a journal in memory, running; how many entries it was given at a time. */
function start(o: { gatherMs?: number; apartMs?: number }) {
  const waker = createWaker()
  const positions: bigint[] = []
  const after = async (position: bigint) =>
    positions.filter((one) => one > position).map((one) => ({ position: one }) as JournalEntry)
  const journal: ReadableJournal = {
    read: after,
    next: after,
    async *wake({ signal } = {}) {
      for await (const isCalled of waker.wakes(signal))
        yield isCalled ? (positions.at(-1) ?? 0n) : null
    },
  }
  const batches: number[] = []
  const projection: Projection = {
    name: 'counting',
    version: 1,
    position: async () => 0n,
    async apply(entries) {
      batches.push(entries.length)
    },
    reset: async () => {},
    stateDigest: async () => '',
    noticeDigest: async () => '',
  }
  const stop = new AbortController()
  const log = { info: () => {}, warn: () => {} }
  const running = runProjection(journal, projection, { signal: stop.signal, log, ...o })
  return {
    batches,
    /** An entry, and all that can be done about it without waiting. */
    async append() {
      positions.push(BigInt(positions.length + 1))
      waker.wake()
      await vi.advanceTimersByTimeAsync(0)
    },
    async end() {
      stop.abort()
      await running
    },
  }
}

it('takes together what comes within its time', async () => {
  const { batches, append, end } = start({ gatherMs: GATHER_MS })
  await vi.advanceTimersByTimeAsync(0)
  for (let n = 0; n < 3; n += 1) await append()
  expect(batches).toEqual([])
  await vi.advanceTimersByTimeAsync(GATHER_MS)
  expect(batches).toEqual([3])
  await end()
})

it('takes what is alone by itself, and together what follows at once', async () => {
  const { batches, append, end } = start({ apartMs: GATHER_MS })
  await vi.advanceTimersByTimeAsync(GATHER_MS)
  await append()
  expect(batches).toEqual([1])
  for (let n = 0; n < 4; n += 1) await append()
  expect(batches).toEqual([1])
  await vi.advanceTimersByTimeAsync(GATHER_MS)
  expect(batches).toEqual([1, 4])
  await vi.advanceTimersByTimeAsync(GATHER_MS)
  await append()
  expect(batches).toEqual([1, 4, 1])
  await end()
})
