import { useQuery } from '@tanstack/react-query'
import type { SessionsDoor } from '../data/sessions.ts'
import { errorCode } from '../session/errors.ts'

const SESSIONS_REFRESH_MS = 30_000
const MOST_TRIES = 2

export function sessionsKey(user: string) {
  return ['sessions', user] as const
}

/** Where an account is signed in, fresh for as long as it is looked at. */
export function useSessions(user: string, door: SessionsDoor) {
  return useQuery({
    queryKey: sessionsKey(user),
    queryFn: ({ signal }) => door.list(signal),
    staleTime: 0,
    gcTime: 0,
    refetchInterval: SESSIONS_REFRESH_MS,
    refetchOnWindowFocus: true,
    retry: (failures, error) => failures < MOST_TRIES && errorCode(error) !== 'unauthorized',
  })
}
