import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Api } from '../api.ts'
import { type StreamData, type StreamPage, streamKey } from '../queries/stream-cache.ts'
import type { PostKeyText } from '../views.ts'
import type { Pending } from './actions.ts'
import { watchConfirmations } from './confirm.ts'
import type { PendingStore } from './store.ts'

const VIEWER = 'y'.repeat(52)
const POST = `${'b'.repeat(52)}:0034A0X7NJ52G`

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function world(pending: Pending, client = new QueryClient()) {
  const listeners = new Set<() => void>()
  const store = {
    user: VIEWER,
    list: [pending] as Pending[],
    subscribe(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async change(id: string, change: Partial<Pending>) {
      store.list = store.list.map((one) => (one.id === id ? { ...one, ...change } : one))
      for (const listener of listeners) listener()
    },
    async remove(id: string) {
      store.list = store.list.filter((one) => one.id !== id)
      for (const listener of listeners) listener()
    },
  }
  const shown = { bookmark: null as object | null }
  const api = { post: { view: { query: async () => ({ ...shown }) } } }
  const stop = watchConfirmations(store as unknown as PendingStore, api as unknown as Api, client)
  return { store, shown, stop }
}

it('keeps a bookmark over the lists until the indexer shows it, and a moment longer', async () => {
  const { store, shown, stop } = world({
    id: 'a',
    action: { type: 'bookmark', key: POST, on: true },
    state: 'sent',
    reason: null,
    sentAtMs: Date.now(),
  })
  await vi.advanceTimersByTimeAsync(3000)
  expect(store.list).toHaveLength(1)
  expect(store.list[0]?.shownAtMs).toBeUndefined()
  shown.bookmark = { id: 'x', indexed_at: 0 }
  await vi.advanceTimersByTimeAsync(9000)
  expect(store.list[0]?.shownAtMs).toBeDefined()
  await vi.advanceTimersByTimeAsync(11_000)
  expect(store.list).toEqual([])
  stop()
})

it('lets go after two minutes, whatever the indexer says', async () => {
  const { store, stop } = world({
    id: 'a',
    action: { type: 'bookmark', key: POST, on: true },
    state: 'sent',
    reason: null,
    sentAtMs: Date.now(),
  })
  await vi.advanceTimersByTimeAsync(145_000)
  expect(store.list).toEqual([])
  stop()
})

it('keeps a post in a list that was asked for before the indexer had it', async () => {
  const client = new QueryClient()
  const key: PostKeyText = `${VIEWER}:0034A0X7NJ52G`
  const { store, stop } = world(
    {
      id: 'a',
      action: {
        type: 'post',
        key,
        content: 'hello',
        kind: 'short',
        parent: null,
        embed: null,
        tags: [],
        uploads: [],
        atMs: Date.now(),
        replies: 1,
        reposts: 1,
      },
      state: 'sent',
      reason: null,
      sentAtMs: Date.now(),
    },
    client,
  )
  const listKey = streamKey({ source: 'all' })
  const list = client.fetchInfiniteQuery({
    queryKey: listKey,
    initialPageParam: null,
    queryFn: () =>
      new Promise<StreamPage>((resolve) =>
        setTimeout(resolve, 30_000, { keys: ['older'], cursor: null }),
      ),
  })
  await vi.advanceTimersByTimeAsync(29_000)
  expect(store.list).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(2000)
  await list
  expect(store.list).toEqual([])
  expect(client.getQueryData<StreamData>(listKey)?.pages[0]?.keys).toEqual([key, 'older'])
  stop()
})
