import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { JournalEntry } from './entries.ts'
import { type Projection, refuseGap } from './projection.ts'
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
  const store = { position: 0n }
  const projection: Projection = {
    name: 'counting',
    version: 1,
    position: async () => store.position,
    async apply(entries, { after: from }) {
      refuseGap(store.position, from)
      batches.push(entries.length)
      store.position = entries.at(-1)?.position ?? store.position
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
    store,
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

it('applies again what a crash of the database took back', async () => {
  const { batches, store, append, end } = start({})
  await vi.advanceTimersByTimeAsync(0)
  for (let n = 0; n < 3; n += 1) await append()
  expect(batches).toEqual([1, 1, 1])
  store.position = 1n
  await append()
  await vi.advanceTimersByTimeAsync(1000)
  expect([batches, store.position]).toEqual([[1, 1, 1, 3], 4n])
  await end()
})
