import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { usePending } from '../outbox/outbox.tsx'
import { overlayUser } from '../outbox/overlay.ts'
import { useApi } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { UserView } from '../views.ts'
import { userKey } from './user-key.ts'

export const USER_STALE_MS = 10 * 60_000

export interface ShownUser {
  /** Undefined while loading; null when the indexer does not know the person. */
  user: UserView | null | undefined
  status: 'pending' | 'error' | 'success'
  retry: () => void
}

/** One person as the viewer should see them now. */
export function useUser(user: string): ShownUser {
  const api = useApi()
  const { id: viewer } = useViewer()
  const pending = usePending()
  const query = useQuery({
    queryKey: userKey(user),
    queryFn: async ({ signal }) => {
      const viewerId = viewer ?? undefined
      return (await api.user.view.query({ userId: user, viewerId }, { signal })) as UserView | null
    },
    staleTime: USER_STALE_MS,
    enabled: user !== '',
  })
  return {
    user: overlayUser(query.data, user, viewer, pending),
    status: query.status,
    retry: () => void query.refetch(),
  }
}

/** Whom the viewer mutes, unsent changes included. */
export function useMuted(): ReadonlySet<string> {
  return useMutes().muted
}

/** The same, and whether it is known. */
export function useMutes() {
  const api = useApi()
  const { id: viewer } = useViewer()
  const pending = usePending()
  const query = useQuery({
    queryKey: ['mutes'],
    queryFn: ({ signal }) => api.user.mutes.query({ userId: viewer ?? '' }, { signal }),
    enabled: viewer !== null,
    staleTime: USER_STALE_MS,
  })
  const { data } = query
  const muted = useMemo(() => {
    const all = new Set<string>(data)
    for (const { action, state } of pending) {
      if (action.type !== 'mute' || state === 'failed') continue
      if (action.on) all.add(action.user)
      else all.delete(action.user)
    }
    return all as ReadonlySet<string>
  }, [data, pending])
  return { muted, query }
}
