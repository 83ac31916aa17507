import { blake3Sync, keypairFromSeed, type StoragePath } from '@pubky/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { createByteBudget } from './byte-budget.ts'
import type { NewObjectEntry } from './entries.ts'
import type { FeedEvent } from './feed-event.ts'
import { DEFAULT_LIMITS } from './fetch-object.ts'
import { createFlow } from './flow.ts'
import type { Session } from './follow-host.ts'
import type { RemoteHost } from './remote-host.ts'
import { wantedByNexus } from './wanted.ts'

const HOST = keypairFromSeed(new Uint8Array(32).fill(100)).publicKey
const ALICE = keypairFromSeed(new Uint8Array(32).fill(1)).publicKey
const BODY_BYTES = 16 * 1024
const budget = createByteBudget({
  bytesPerDay: DEFAULT_LIMITS.hostBytesPerDay,
  nowMs: Date.now,
  onWait: () => {},
})

function put(n: number, body: Buffer, isSent: boolean): FeedEvent {
  return {
    kind: 'PUT',
    owner: ALICE,
    path: `/pub/pubky.app/posts/00347${n}` as StoragePath,
    id: BigInt(n),
    hash: blake3Sync(body),
    proof: null,
    content: isSent ? body : null,
  }
}

afterEach(() => {
  vi.useRealTimers()
})

test('an event that is alone is committed at once, and together what follows at once', async () => {
  vi.useFakeTimers()
  const commits: number[] = []
  const session = {
    host: { key: HOST, features: new Set() },
    journal: {
      append: async (_: unknown, entries: NewObjectEntry[]) => commits.push(entries.length),
    },
    limits: DEFAULT_LIMITS,
    budget,
    wanted: wantedByNexus,
    nowMs: () => 0,
    holder: 'test',
    offset: 0n,
    signal: new AbortController().signal,
  } as unknown as Session
  const flow = createFlow(session, () => {})
  const push = async (n: number) => {
    await flow.push({ ...put(n, Buffer.alloc(0), false), kind: 'DEL', hash: null })
    await vi.advanceTimersByTimeAsync(0)
  }
  await push(1)
  expect(commits).toEqual([1])
  for (const n of [2, 3, 4]) await push(n)
  expect(commits).toEqual([1])
  await vi.advanceTimersByTimeAsync(10)
  expect(commits).toEqual([1, 3])
  await vi.advanceTimersByTimeAsync(10)
  await push(5)
  expect(commits).toEqual([1, 3, 1])
  await flow.close()
})

test('bodies that came along do not pile up behind one that does not come', async () => {
  const bodies = Array.from({ length: 901 }, (_, n) => Buffer.alloc(BODY_BYTES, `${n} `))
  const asked: number[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const appended: NewObjectEntry[] = []
  const host: Pick<RemoteHost, 'key' | 'features' | 'object'> = {
    key: HOST,
    features: new Set(),
    async object(_, path) {
      const n = Number(path.split('/00347')[1])
      asked.push(n)
      if (n === 0) await held
      return new Response(bodies[n])
    },
  }
  const session = {
    host,
    journal: { append: async (_: unknown, entries: NewObjectEntry[]) => appended.push(...entries) },
    limits: DEFAULT_LIMITS,
    budget,
    wanted: wantedByNexus,
    nowMs: () => 0,
    holder: 'test',
    offset: 0n,
    signal: new AbortController().signal,
  } as unknown as Session
  const flow = createFlow(session, () => {})
  for (const [n, body] of bodies.entries()) await flow.push(put(n, body, n > 0))
  expect(asked).toEqual([0])
  release()
  await flow.drain()
  await flow.close()
  expect(appended.map((entry) => Number(entry.eventId))).toEqual(bodies.map((_, n) => n))
  expect(appended.every((entry) => entry.body?.at === 'row')).toBe(true)
  const kept = 901 - asked.length
  expect(kept).toBeGreaterThan(500)
  expect(kept * BODY_BYTES).toBeLessThanOrEqual(8 * 1024 * 1024)
})
