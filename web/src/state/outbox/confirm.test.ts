import { InfiniteQueryObserver, QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Api } from '../api.ts'
import { type StreamData, type StreamPage, streamKey } from '../queries/stream-cache.ts'
import type { PostKeyText } from '../views.ts'
import type { Action, Pending } from './actions.ts'
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
  const shown = { bookmark: null as object | null, isGone: false }
  const api = { post: { view: { query: async () => (shown.isGone ? null : { ...shown }) } } }
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

function sent(action: Action): Pending {
  return { id: 'a', action, state: 'sent', reason: null, sentAtMs: Date.now() }
}

/** A list whose further pages come when they are told to. */
function openList(client: QueryClient, source: 'all' | 'bookmarks', first: PostKeyText[]) {
  const older: ((keys: PostKeyText[]) => void)[] = []
  const observer = new InfiniteQueryObserver(client, {
    queryKey: streamKey({ source }),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      pageParam === null
        ? { keys: first, cursor: 'more' }
        : new Promise<StreamPage>((resolve) =>
            older.push((keys) => resolve({ keys, cursor: 'more' })),
          ),
    getNextPageParam: (last: StreamPage) => last.cursor,
  })
  const stop = observer.subscribe(() => {})
  return {
    stop,
    more: () => void observer.fetchNextPage(),
    older,
    keys: () => observer.getCurrentResult().data?.pages.flatMap(({ keys }) => keys),
  }
}

it('a deleted post does not come back with a page that was asked for before', async () => {
  const client = new QueryClient()
  const { store, shown, stop } = world(
    sent({ type: 'delete', key: POST, parent: null, embed: null }),
    client,
  )
  const list = openList(client, 'all', ['newer', POST])
  await vi.advanceTimersByTimeAsync(100)
  list.more()
  shown.isGone = true
  await vi.advanceTimersByTimeAsync(15_000)
  expect(list.keys()).toEqual(['newer'])
  // The answer is from before as well.
  client.setQueryData(['post', POST], { deleted: false })
  list.older[0]?.(['older', POST])
  await vi.advanceTimersByTimeAsync(2000)
  expect(list.keys()).toEqual(['newer', 'older'])
  expect(client.getQueryData(['post', POST])).toBeNull()
  expect(store.list).toEqual([])
  list.stop()
  stop()
})

it.each([
  { on: false, before: ['other', POST], after: ['other', 'older'] },
  { on: true, before: ['other'], after: [POST, 'other', 'older'] },
])('a bookmark is as it was confirmed (on: $on) whatever page comes in late', async (one) => {
  const client = new QueryClient()
  const { store, shown, stop } = world(sent({ type: 'bookmark', key: POST, on: one.on }), client)
  const view = { id: 'x', indexed_at: 0 }
  shown.bookmark = one.on ? view : null
  const list = openList(client, 'bookmarks', one.before)
  await vi.advanceTimersByTimeAsync(50)
  list.more()
  await vi.advanceTimersByTimeAsync(15_000)
  client.setQueryData(['post', POST], { bookmark: one.on ? null : view })
  list.older[0]?.(['older'])
  await vi.advanceTimersByTimeAsync(2000)
  expect(list.keys()).toEqual(one.after)
  expect(client.getQueryData(['post', POST])).toEqual(shown)
  expect(store.list).toEqual([])
  list.stop()
  stop()
})

it('a page that is asked for upon a late one does not bring back a deleted post either', async () => {
  const client = new QueryClient()
  const { store, shown, stop } = world(
    sent({ type: 'delete', key: POST, parent: null, embed: null }),
    client,
  )
  shown.isGone = true
  const one = openList(client, 'all', ['newer', POST])
  const another = openList(client, 'bookmarks', [POST])
  await vi.advanceTimersByTimeAsync(50)
  one.more()
  another.more()
  await vi.advanceTimersByTimeAsync(15_000)
  one.older[0]?.(['older'])
  await vi.advanceTimersByTimeAsync(100)
  one.more()
  await vi.advanceTimersByTimeAsync(100)
  another.older[0]?.([])
  await vi.advanceTimersByTimeAsync(100)
  expect(store.list).toHaveLength(1)
  one.older[1]?.(['oldest'])
  await vi.advanceTimersByTimeAsync(2000)
  expect(one.keys()).toEqual(['newer', 'older', 'oldest'])
  expect(another.keys()).toEqual([])
  expect(store.list).toEqual([])
  one.stop()
  another.stop()
  stop()
})

it('what is taken back while a list is loading is left alone', async () => {
  const client = new QueryClient()
  const { store, shown, stop } = world(sent({ type: 'bookmark', key: POST, on: true }), client)
  shown.bookmark = { id: 'x', indexed_at: 0 }
  const list = openList(client, 'bookmarks', ['other'])
  await vi.advanceTimersByTimeAsync(50)
  list.more()
  await vi.advanceTimersByTimeAsync(15_000)
  await store.remove('a')
  list.older[0]?.(['older'])
  await vi.advanceTimersByTimeAsync(2000)
  expect(list.keys()).toEqual(['other', 'older'])
  list.stop()
  stop()
})

/** Somebody looks at the post; its answers come when they are told to. */
function openPost(client: QueryClient) {
  const answers: ((view: object) => void)[] = []
  const observer = new QueryObserver(client, {
    queryKey: ['post', POST],
    queryFn: ({ signal }) =>
      new Promise<object>((resolve, reject) => {
        signal.onabort = reject
        answers.push(resolve)
      }),
  })
  return { answers, stop: observer.subscribe(() => {}) }
}

it('news of a post that are asked for while its overlay goes are not lost', async () => {
  const client = new QueryClient()
  const { store, shown, stop } = world(sent({ type: 'bookmark', key: POST, on: true }), client)
  client.setQueryData(['post', POST], { bookmark: null })
  shown.bookmark = { id: 'x', indexed_at: 0 }
  await vi.advanceTimersByTimeAsync(9000)
  const post = openPost(client)
  void client.invalidateQueries({ queryKey: ['post', POST] })
  await vi.advanceTimersByTimeAsync(5000)
  expect(store.list).toEqual([])
  post.answers.at(-1)?.({ ...shown, tags: ['new'] })
  await vi.advanceTimersByTimeAsync(100)
  expect(client.getQueryData(['post', POST])).toEqual({ ...shown, tags: ['new'] })
  post.stop()
  stop()
})

it('what is being asked about a post when it is confirmed is asked again', async () => {
  const client = new QueryClient()
  const { shown, stop } = world(sent({ type: 'bookmark', key: POST, on: true }), client)
  const post = openPost(client)
  shown.bookmark = { id: 'x', indexed_at: 0 }
  await vi.advanceTimersByTimeAsync(9000)
  expect(post.answers).toHaveLength(2)
  expect(client.getQueryData(['post', POST])).toEqual(shown)
  post.answers[1]?.({ ...shown, tags: ['new'] })
  await vi.advanceTimersByTimeAsync(100)
  expect(client.getQueryData(['post', POST])).toEqual({ ...shown, tags: ['new'] })
  post.stop()
  stop()
})
