import { useQuery } from '@tanstack/react-query'
import { useConfig } from '../services.ts'
import { useViewerSession } from '../session/viewer.tsx'

export const USAGE_STALE_MS = 30_000

export function usageKey(user: string) {
  return ['usage', user] as const
}

/** Where the viewer's account lives and how much it keeps there. */
export function useUsage(user: string) {
  const config = useConfig()
  const { account } = useViewerSession()
  return useQuery({
    queryKey: usageKey(user),
    queryFn: async ({ signal }) => {
      if (!account) throw new Error('nobody is signed in')
      const { readUsage } = await import('../data/usage.ts')
      return readUsage(config, account, signal)
    },
    enabled: account?.user === user,
    staleTime: USAGE_STALE_MS,
  })
}
