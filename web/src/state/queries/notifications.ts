import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { PostView, UserView } from '../views.ts'
import { seedPosts, seedUsers } from './stream-cache.ts'

const PAGE = 30
const STALE_MS = 15_000

/** One notification as the indexer tells it (spec/nexus.md 1.9). */
export interface Notice {
  timestamp: number
  body: { type: string } & Record<string, unknown>
}

interface Answer {
  items: Notice[]
  posts: PostView[]
  users: UserView[]
  cursor: string | null
}

/** The person's notifications, newest first, with posts and people in their own places. */
export function useNotifications() {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  return useInfiniteQuery({
    queryKey: ['notifications'],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const input = { userId: viewer ?? '', limit: PAGE, cursor: pageParam ?? undefined }
      const answer = (await api.notifications.list.query(input, { signal })) as unknown as Answer
      seedPosts(client, answer.posts)
      seedUsers(client, answer.users)
      return { items: answer.items, cursor: answer.cursor }
    },
    getNextPageParam: (last) => last.cursor,
    enabled: viewer !== null,
    staleTime: STALE_MS,
  })
}
