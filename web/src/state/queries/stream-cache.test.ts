import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import type { PostKeyText } from '../views.ts'
import { putOnTop, type StreamPage, streamKey } from './stream-cache.ts'

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
