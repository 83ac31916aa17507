import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import type { Action } from '../outbox/actions.ts'
import type { PostKeyText } from '../views.ts'
import {
  growAtEnd,
  insertOwn,
  putOnTop,
  type StreamData,
  type StreamPage,
  streamKey,
} from './stream-cache.ts'

const key = streamKey({ source: 'all' })
const page = (...names: string[]): StreamPage => ({
  keys: names as PostKeyText[],
  cursor: names.at(-1) ?? null,
})

/** A list that has its first page. */
async function started() {
  const client = new QueryClient()
  const older: ((page: StreamPage) => void)[] = []
  const observer = new InfiniteQueryObserver(client, {
    queryKey: key,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      pageParam === null
        ? page('c', 'b')
        : new Promise<StreamPage>((resolve) => older.push(resolve)),
    getNextPageParam: (last) => last.cursor,
  })
  const stop = observer.subscribe(() => {})
  await expect.poll(() => observer.getCurrentResult().isSuccess).toBe(true)
  const keys = () => observer.getCurrentResult().data?.pages.flatMap((one) => one.keys)
  return { client, observer, older, keys, stop }
}

it('news stay on top though an older page was under way, which can be asked for again', async () => {
  const { client, observer, older, keys, stop } = await started()
  void observer.fetchNextPage()
  await expect.poll(() => older.length).toBe(1)
  await putOnTop(client, key, page('d', 'c'))
  older[0]?.(page('a'))
  await expect.poll(() => client.isFetching()).toBe(0)
  expect(keys()).toEqual(['d', 'c', 'b'])
  const again = observer.fetchNextPage()
  await expect.poll(() => older.length).toBe(2)
  older[1]?.(page('a'))
  await again
  expect(keys()).toEqual(['d', 'c', 'b', 'a'])
  stop()
})

it('of a page that reaches further down than the list, only the news go on top', async () => {
  const { client, keys, stop } = await started()
  await putOnTop(client, key, page('e', 'd', 'c', 'b', 'a', '9'))
  expect(keys()).toEqual(['e', 'd', 'c', 'b'])
  stop()
})

it('news that do not reach the list begin it anew', async () => {
  const { client, keys, stop } = await started()
  await putOnTop(client, key, page('z', 'y'))
  expect(keys()).toEqual(['z', 'y'])
  stop()
})

const list = (...pages: StreamPage[]): StreamData => ({
  pages,
  pageParams: [null, ...pages.slice(1).map((_, at) => pages[at]?.cursor ?? null)],
})
const end = (...names: string[]): StreamPage => ({ ...page(...names), cursor: null })

it('a conversation grows at its end, by what its last page has besides', () => {
  const grown = growAtEnd(list(page('1', '2'), end('3')), end('3', '4', '5'))
  expect(grown.pages).toEqual([page('1', '2'), end('3', '4', '5')])
  expect(growAtEnd(list(end()), end('1')).pages).toEqual([end('1')])
})

it('a conversation goes on behind a last page that has become full', () => {
  const grown = growAtEnd(list(end('1', '2')), page('1', '2', '3'))
  expect(grown.pages).toEqual([{ keys: ['1', '2', '3'], cursor: '3' }])
})

it('a conversation whose end is not loaded stays as it is: its next pages bring what is new', () => {
  const data = list(page('1', '2'))
  expect(growAtEnd(data, page('1', '2', '3'))).toBe(data)
})

it("one's own reply comes last, and not before what a next page brings", () => {
  const me = 'y'.repeat(52)
  const [parent, reply] = [`${me}:A`, `${me}:B`] as PostKeyText[]
  const action = { type: 'post', key: reply, parent, tags: [] } as unknown as Action
  const replies = streamKey({
    source: 'post_replies',
    order: 'ascending',
    authorId: me,
    postId: 'A',
  })
  const after = (data: StreamData) => {
    const client = new QueryClient()
    client.setQueryData(replies, data)
    insertOwn(client, me, action as Extract<Action, { type: 'post' }>)
    return client.getQueryData<StreamData>(replies)?.pages.flatMap(({ keys }) => keys)
  }
  expect(after(list(page('1', '2'), end('3')))).toEqual(['1', '2', '3', reply])
  expect(after(list(page('1', '2')))).toEqual(['1', '2'])
})
