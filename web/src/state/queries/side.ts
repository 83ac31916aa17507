import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { HotTag, UserView } from '../views.ts'
import { seedUsers } from './stream-cache.ts'

const SIDE_STALE_MS = 10 * 60_000

export type Timeframe = 'today' | 'this_week' | 'this_month' | 'all_time'

/** The most used tags on posts. */
export function useHotTags(limit: number, timeframe: Timeframe = 'today') {
  const api = useApi()
  return useQuery({
    queryKey: ['hot-tags', limit, timeframe],
    queryFn: async ({ signal }) =>
      (await api.tags.hot.query({ timeframe, limit }, { signal })) as HotTag[],
    staleTime: SIDE_STALE_MS,
  })
}

export type PeopleSource =
  | 'recommended'
  | 'influencers'
  | 'most_followed'
  | 'followers'
  | 'following'
  | 'friends'

/** Keys of people; each one's view lies in the cache for `useUser`. */
export function usePeople(
  source: PeopleSource,
  o: { userId?: string; limit: number; skip?: number },
) {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  return useQuery({
    queryKey: ['users', source, o],
    queryFn: async ({ signal }) => {
      const input = { source, ...o, viewerId: viewer ?? undefined }
      const users = (await api.users.stream.query(input, { signal })) as UserView[]
      seedUsers(client, users)
      return users.map((user) => user.details.id)
    },
    staleTime: SIDE_STALE_MS,
  })
}
