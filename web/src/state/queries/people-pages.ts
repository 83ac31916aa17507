import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { UserView } from '../views.ts'
import type { PeopleSource } from './side.ts'
import { seedUsers } from './stream-cache.ts'

const PAGE = 30
const STALE_MS = 60_000

/** The indexer leaves people out of a page that is full, so that only one without anybody new is the end. */
export function nextSkip(last: readonly string[], pages: readonly string[][]): number | undefined {
  const before = new Set(pages.slice(0, -1).flat())
  return last.some((user) => !before.has(user)) ? pages.length * PAGE : undefined
}

/** An endless list of people by key; each one's view lies in the cache for `useUser`. */
export function usePeoplePages(source: PeopleSource, userId: string | undefined) {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  const query = useInfiniteQuery({
    queryKey: ['people', source, userId ?? null],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      const viewerId = viewer ?? undefined
      const input = { source, userId, viewerId, skip: pageParam, limit: PAGE }
      const users = (await api.users.stream.query(input, { signal })) as UserView[]
      seedUsers(client, users)
      return users.map((user) => user.details.id)
    },
    getNextPageParam: nextSkip,
    staleTime: STALE_MS,
  })
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query
  // Most short pages are the last one: nobody should have to press a button to be told.
  const isAtEnd = (query.data?.pages.at(-1)?.length ?? PAGE) < PAGE
  const isDue = isAtEnd && hasNextPage && !isFetching && !isFetchNextPageError
  useEffect(() => {
    if (isDue) void fetchNextPage()
  }, [isDue, fetchNextPage])
  return { ...query, isAtEnd }
}
