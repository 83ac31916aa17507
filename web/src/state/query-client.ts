import { QueryClient } from '@tanstack/react-query'

export const MINUTE_MS = 60_000

/** One per account in the browser, one per request on the server. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: MINUTE_MS,
        gcTime: 10 * MINUTE_MS,
        retry: 2,
        retryDelay: (attempt) => Math.min(8000, 500 * 2 ** attempt),
        refetchOnWindowFocus: false,
        networkMode: 'offlineFirst',
      },
    },
  })
}
