import type { AppRouter } from '@pubky/nexus/api-types'
import { createTRPCClient, httpBatchLink, type TRPCClient } from '@trpc/client'

export type Api = TRPCClient<AppRouter>

/** The indexer's API; calls of the same moment travel in one request. */
export function createApi(nexus: string, timeoutMs = 15_000): Api {
  return createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${nexus}/trpc`,
        maxURLLength: 6000,
        maxItems: 40,
        fetch: (input, init) => {
          const limit = AbortSignal.timeout(timeoutMs)
          const signal = init?.signal ? AbortSignal.any([init.signal, limit]) : limit
          return fetch(input, { ...init, signal } as RequestInit)
        },
      }),
    ],
  })
}
