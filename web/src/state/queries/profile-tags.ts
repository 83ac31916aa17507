import { useQuery } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { TagDetails } from '../views.ts'

const MOST = 50
const STALE_MS = 30_000

/** All words that people say about a person, the most said first. */
export function useProfileTags(userId: string) {
  const api = useApi()
  const { id: viewer } = useViewer()
  return useQuery({
    queryKey: ['profile-tags', userId],
    queryFn: async ({ signal }) => {
      const input = { userId, viewerId: viewer ?? undefined, limit: MOST, taggers: 8 }
      return (await api.user.tags.query(input, { signal })) as TagDetails[]
    },
    staleTime: STALE_MS,
  })
}
