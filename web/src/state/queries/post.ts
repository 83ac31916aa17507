import { useQuery } from '@tanstack/react-query'
import { usePending } from '../outbox/outbox.tsx'
import { overlayPost } from '../outbox/overlay.ts'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import { type PostKeyText, type PostView, splitKey } from '../views.ts'

export const POST_STALE_MS = 5 * 60_000
const MOST_RETRIES = 5
const FIRST_RETRY_MS = 500

export function postKey(key: PostKeyText): readonly ['post', PostKeyText] {
  return ['post', key]
}

export interface ShownPost {
  /** Undefined while loading; null when there is no such post. */
  post: PostView | null | undefined
  status: 'pending' | 'error' | 'success'
  /** Of the person's own new post: whether it is on its way. */
  sending: 'waiting' | 'failed' | null
  /** The pending record of that post, for retry and discard. */
  pendingId: string | null
  reason: string | null
  retry: () => void
}

/** One post as the person should see it now: the indexer's answer under unconfirmed actions. */
export function usePost(key: PostKeyText): ShownPost {
  const api = useApi()
  const { id: viewer } = useViewer()
  const pending = usePending()
  const own = pending.find(({ action }) => action.type === 'post' && action.key === key)
  const query = useQuery({
    queryKey: postKey(key),
    queryFn: async ({ signal }) => {
      const [authorId, postId] = splitKey(key)
      const viewerId = viewer ?? undefined
      return (await api.post.view.query(
        { authorId, postId, viewerId },
        { signal },
      )) as PostView | null
    },
    staleTime: POST_STALE_MS,
    enabled: own === undefined,
    // A new post may be announced before it is indexed: half a second, doubling, five times.
    refetchInterval: ({ state: { data, dataUpdateCount: times } }) =>
      data === null && times <= MOST_RETRIES ? FIRST_RETRY_MS * 2 ** (times - 1) : false,
  })
  return {
    post: overlayPost(query.data, key, viewer, pending),
    status: own ? 'success' : query.status,
    sending: own && own.state !== 'sent' ? own.state : null,
    pendingId: own?.id ?? null,
    reason: own?.reason ?? null,
    retry: () => void query.refetch(),
  }
}
