import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { UserView } from '../views.ts'
import type { PeopleSource } from './side.ts'
import { seedUsers } from './stream-cache.ts'

const PAGE = 30
const STALE_MS = 60_000

/** An endless list of people by key; each one's view lies in the cache for `useUser`. */
export function usePeoplePages(source: PeopleSource, userId: string | undefined) {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  return useInfiniteQuery({
    queryKey: ['people', source, userId ?? null],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      const viewerId = viewer ?? undefined
      const input = { source, userId, viewerId, skip: pageParam, limit: PAGE }
      const users = (await api.users.stream.query(input, { signal })) as UserView[]
      seedUsers(client, users)
      return users.map((user) => user.details.id)
    },
    getNextPageParam: (last, pages) => (last.length < PAGE ? undefined : pages.length * PAGE),
    staleTime: STALE_MS,
  })
}
