'use client'

import { QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { createApi } from './api.ts'
import { keepCache, restoreCache } from './cache.ts'
import type { RuntimeConfig } from './config.ts'
import { LiveProvider } from './live/live.tsx'
import { OutboxProvider } from './outbox/outbox.tsx'
import { createQueryClient } from './query-client.ts'
import { ApiContext, ConfigContext } from './services.ts'
import { ViewerProvider } from './session/viewer.tsx'

interface AppProvidersProps {
  config: RuntimeConfig
  /** Who the server rendered the page for; null for a guest. */
  viewer: string | null
  children: ReactNode
}

/** Everything a page of the app needs: addresses, viewer, cache, outbox, live changes. */
export function AppProviders({ config, viewer, children }: AppProvidersProps) {
  const [queryClient] = useState(createQueryClient)
  const [api] = useState(() => createApi(config.nexus))

  useEffect(() => {
    if (viewer === null) return
    let stop: (() => void) | null = null
    let over = false
    restoreCache(queryClient, viewer).finally(() => {
      if (!over) stop = keepCache(queryClient, viewer)
    })
    return () => {
      over = true
      stop?.()
    }
  }, [queryClient, viewer])

  return (
    <ConfigContext value={config}>
      <ApiContext value={api}>
        <QueryClientProvider client={queryClient}>
          <ViewerProvider initial={viewer}>
            <OutboxProvider>
              <LiveProvider>{children}</LiveProvider>
            </OutboxProvider>
          </ViewerProvider>
        </QueryClientProvider>
      </ApiContext>
    </ConfigContext>
  )
}
