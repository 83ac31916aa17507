import type { AppRouter } from '@pubky/nexus/api-types'
import { createTRPCClient, httpBatchLink, type TRPCClient } from '@trpc/client'

export type Api = TRPCClient<AppRouter>

interface ApiOptions {
  timeoutMs?: number
  /** Told of requests that got no answer, or the answer of a gateway to nowhere. */
  onSilence?: () => void
}

const GATEWAY_ERRORS = new Set([502, 503, 504])

/** The indexer's API; calls of the same moment travel in one request. */
export function createApi(nexus: string, { timeoutMs = 15_000, onSilence }: ApiOptions = {}): Api {
  return createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${nexus}/trpc`,
        maxURLLength: 6000,
        maxItems: 40,
        fetch: async (input, init) => {
          const limit = AbortSignal.timeout(timeoutMs)
          const signal = init?.signal ? AbortSignal.any([init.signal, limit]) : limit
          try {
            const response = await fetch(input, { ...init, signal } as RequestInit)
            if (GATEWAY_ERRORS.has(response.status)) onSilence?.()
            return response
          } catch (error) {
            if (!init?.signal?.aborted) onSilence?.()
            throw error
          }
        },
      }),
    ],
  })
}
