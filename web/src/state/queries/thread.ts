import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Api } from '../api.ts'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import { keyOfPost, type PostKeyText, type PostView, splitKey, type UserView } from '../views.ts'
import {
  type StreamAnswer,
  type StreamData,
  seedPosts,
  seedUsers,
  streamKey,
  toPage,
} from './stream-cache.ts'

const THREAD_STALE_MS = 60_000

export function threadKey(key: PostKeyText): readonly ['thread', PostKeyText] {
  return ['thread', key]
}

/** The list of direct replies, oldest first, as a conversation reads. */
export function repliesOf(key: PostKeyText) {
  const [authorId, postId] = splitKey(key)
  return { source: 'post_replies', order: 'ascending', authorId, postId } as const
}

interface ThreadAnswer {
  ancestors: PostView[]
  post: PostView | null
  replies: StreamAnswer
  users: UserView[]
  embedded: PostView[]
}

/** Loads a conversation; posts, people and the first replies go to their own places in the cache. */
export async function loadThread(
  api: Api,
  client: QueryClient,
  key: PostKeyText,
  viewer: string | null,
  signal?: AbortSignal,
): Promise<PostKeyText[]> {
  const [authorId, postId] = splitKey(key)
  const input = { authorId, postId, viewerId: viewer ?? undefined }
  const answer = (await api.post.thread.query(
    input,
    signal ? { signal } : {},
  )) as unknown as ThreadAnswer
  seedPosts(client, answer.ancestors)
  seedPosts(client, answer.embedded)
  seedUsers(client, answer.users)
  client.setQueryData(['post', key], answer.post)
  const replies: StreamData = { pages: [toPage(client, answer.replies)], pageParams: [null] }
  client.setQueryData<StreamData>(streamKey(repliesOf(key)), (known) => known ?? replies)
  return answer.ancestors.map(keyOfPost)
}

/** Keys of the posts above this one, the first one on top. */
export function useAncestors(key: PostKeyText) {
  const api = useApi()
  const client = useQueryClient()
  const { id: viewer } = useViewer()
  return useQuery({
    queryKey: threadKey(key),
    queryFn: ({ signal }) => loadThread(api, client, key, viewer, signal),
    staleTime: THREAD_STALE_MS,
  })
}
