import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { useLive } from '../live/live.tsx'
import type { Interest } from '../live/messages.ts'
import { usePending } from '../outbox/outbox.tsx'
import { overlayStream, type StreamInput } from '../outbox/overlay.ts'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import { keyOfPost, type PostKeyText, splitKey } from '../views.ts'
import {
  growAtEnd,
  newsIn,
  putOnTop,
  type StreamAnswer,
  type StreamData,
  streamKey,
  toPage,
} from './stream-cache.ts'
import { streamRequest } from './stream-request.ts'
import { useMuted } from './user.ts'

export type { StreamInput } from '../outbox/overlay.ts'

export const STREAM_STALE_MS = 5 * 60_000
/** More news than this is counted as "20+". */
export const MOST_NEWS = 20

export interface PostStream {
  /** `author:id`, in the order to show; the person's own unsent posts included. */
  keys: readonly PostKeyText[]
  status: 'pending' | 'error' | 'success'
  /** Nobody can be asked now; it goes on by itself. */
  isPaused: boolean
  retry: () => void
  hasMore: boolean
  loadMore: () => void
  loadingMore: boolean
  loadMoreFailed: boolean
  /** Newer posts held back; 0 to `MOST_NEWS + 1`. */
  news: number
  /** Puts the newer posts on top. */
  showNews: () => Promise<void>
}

function interestOf(input: StreamInput): Interest {
  switch (input.source) {
    case 'all':
    case 'following':
    case 'friends':
      return { source: input.source }
    case 'author':
    case 'author_replies':
      return { source: 'author', authors: input.authorId ? [input.authorId] : [] }
    case 'post_replies':
      return { source: 'post', post: `${input.authorId}:${input.postId}` }
    case 'bookmarks':
      return { source: 'none' }
  }
}

/** A list of posts: pages, unsent posts of the person, and a counter of newer ones held back. */
export function usePostStream(input: StreamInput): PostStream {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  const pending = usePending()
  const muted = useMuted()
  const key = streamKey(input)
  const keyText = JSON.stringify(input)

  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const request = streamRequest(input, viewer, pageParam) as never
      const answer = (await api.posts.stream.query(request, { signal })) as unknown as StreamAnswer
      return toPage(client, answer)
    },
    getNextPageParam: (last) => last.cursor,
    staleTime: STREAM_STALE_MS,
    // A refetch would replace what one is reading; news come through `showNews`.
    refetchOnMount: false,
    refetchOnReconnect: ({ state }) => state.status === 'error',
  })

  const known = useMemo(() => new Set(query.data?.pages.flatMap((page) => page.keys)), [query.data])
  const [held, setHeld] = useState<readonly PostKeyText[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another stream starts without news.
  useEffect(() => setHeld((now) => (now.length === 0 ? now : [])), [keyText])

  /** Asks for the page of the newest; what is not in the list yet is held back, or comes at the end. */
  async function findNews(): Promise<void> {
    if (!query.data || input.sorting === 'total_engagement') return
    const isDownwards = input.order === 'ascending'
    if (isDownwards && query.hasNextPage) return
    const at = isDownwards ? (query.data as StreamData).pageParams.at(-1) : null
    const request = streamRequest(input, viewer, at ?? null) as never
    const answer = (await api.posts.stream.query(request)) as unknown as StreamAnswer
    const page = toPage(client, answer)
    if (isDownwards) client.setQueryData<StreamData>(key, (data) => data && growAtEnd(data, page))
    else setHeld(newsIn(answer.items.map(keyOfPost), known))
  }

  // A cached list may be old: look what has come since, without touching it.
  const old = query.isSuccess && Date.now() - query.dataUpdatedAt > 30_000
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per list.
  useEffect(() => {
    if (old) findNews().catch(() => {})
  }, [keyText, old])

  useLive(interestOf(input), (event, source) => {
    if (event.type === 'reset') void findNews().catch(() => {})
    if (event.type !== 'post' || known.has(event.key) || event.author === viewer) return
    const plain = input.source === 'all' && !input.kinds?.length && !input.tags?.length
    const exact = source === input.source && !input.kinds?.length && !input.tags?.length
    if (plain || exact) {
      const fits = input.source === 'post_replies' || event.replyTo === null
      const { key: fresh } = event
      if (fits && input.sorting !== 'total_engagement')
        setHeld((now) => (now.includes(fresh) ? now : [fresh, ...now]))
    } else void findNews().catch(() => {})
  })

  async function showNews(): Promise<void> {
    const request = streamRequest(input, viewer, null) as never
    const answer = (await api.posts.stream.query(request)) as unknown as StreamAnswer
    const loaded = toPage(client, answer)
    // What was announced is shown, also where the list does not have it yet.
    const early = held.filter((one) => !loaded.keys.includes(one) && !known.has(one))
    const page = { ...loaded, keys: [...early, ...loaded.keys] }
    await putOnTop(client, key, page)
    setHeld([])
  }

  const server = useMemo(() => query.data?.pages.flatMap((page) => page.keys) ?? [], [query.data])
  // On a person's own profile one asks for them by name.
  const isOfOne = input.source === 'author' || input.source === 'author_replies'
  const keys = useMemo(() => {
    const asked = JSON.parse(keyText) as StreamInput
    const shown = [...new Set(overlayStream(server, viewer, pending, asked))]
    return isOfOne ? shown : shown.filter((one) => !muted.has(splitKey(one)[0]))
  }, [server, viewer, pending, keyText, isOfOne, muted])
  const news = held.filter((one) => !known.has(one)).length
  return {
    keys,
    status: query.status === 'error' && keys.length > 0 ? 'success' : query.status,
    isPaused: query.isPaused,
    retry: () => void query.refetch(),
    hasMore: query.hasNextPage,
    loadMore: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage()
    },
    loadingMore: query.isFetchingNextPage,
    loadMoreFailed: query.isFetchNextPageError,
    news: Math.min(news, MOST_NEWS + 1),
    showNews,
  }
}
