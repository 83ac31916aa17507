import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import { keyOfPost, type PostView, type UserView } from '../views.ts'
import { seedPosts, seedUsers } from './stream-cache.ts'

const STALE_MS = 30_000
const MOST = 50

/** Keys of posts that contain the words, best first. */
export function useSearchPosts(text: string, enabled: boolean) {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  return useQuery({
    queryKey: ['search-posts', text],
    queryFn: async ({ signal }) => {
      const input = { q: text, viewerId: viewer ?? undefined, limit: MOST }
      const answer = (await api.search.posts.query(input, { signal })) as unknown as {
        items: PostView[]
        embedded: PostView[]
        users: UserView[]
      }
      seedPosts(client, answer.items)
      seedPosts(client, answer.embedded)
      seedUsers(client, answer.users)
      return answer.items.map(keyOfPost)
    },
    enabled: enabled && text !== '',
    staleTime: STALE_MS,
  })
}

/** Keys of people by the beginning of their name or key. */
export function useSearchPeople(text: string, enabled: boolean) {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  return useQuery({
    queryKey: ['search-people', text],
    queryFn: async ({ signal }) => {
      const input = { q: text, viewerId: viewer ?? undefined, limit: MOST }
      const users = (await api.search.users.query(input, { signal })) as UserView[]
      seedUsers(client, users)
      return users.map(({ details }) => details.id)
    },
    enabled: enabled && text !== '',
    staleTime: STALE_MS,
  })
}

/** Labels in use that begin so. */
export function useSearchTags(text: string, enabled: boolean) {
  const api = useApi()
  const prefix = text.replace(/^#/, '').toLowerCase()
  return useQuery({
    queryKey: ['search-tags', prefix],
    queryFn: async ({ signal }) => {
      if (prefix === '' || [...prefix].length > 20 || /[\s,:]/u.test(prefix)) return []
      return (await api.search.tags.query({ prefix, limit: MOST }, { signal })) as string[]
    },
    enabled,
    staleTime: STALE_MS,
  })
}
