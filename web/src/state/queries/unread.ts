import { useQuery } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'

const UNREAD_STALE_MS = 60_000

/** Number of unread notifications; kept fresh by the live connection. */
export function useUnread(): number {
  const api = useApi()
  const { id: viewer } = useViewer()
  const { data } = useQuery({
    queryKey: ['unread'],
    queryFn: ({ signal }) => api.notifications.unread.query({ userId: viewer ?? '' }, { signal }),
    enabled: viewer !== null,
    staleTime: UNREAD_STALE_MS,
    refetchOnWindowFocus: true,
  })
  return typeof data === 'number' ? data : 0
}
