'use client'

import { onlineManager, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { createApi } from './api.ts'
import { keepCache, restoreCache } from './cache.ts'
import type { RuntimeConfig } from './config.ts'
import { LiveProvider } from './live/live.tsx'
import { OutboxProvider } from './outbox/outbox.tsx'
import { createQueryClient } from './query-client.ts'
import { Reach } from './reach.ts'
import { ApiContext, ConfigContext, ReachContext } from './services.ts'
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
  const [reach] = useState(
    () =>
      new Reach({
        ask: (signal) =>
          fetch(`${config.nexus}/health`, { mode: 'no-cors', cache: 'no-store', signal }),
      }),
  )
  const [api] = useState(() => createApi(config.nexus, { onSilence: reach.suspect }))

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

  useEffect(() => {
    // Queries that failed are asked again when somebody can be reached again.
    onlineManager.setEventListener((setOnline) => reach.subscribe(() => setOnline(reach.reachable)))
    addEventListener('online', reach.changed)
    addEventListener('offline', reach.changed)
    return () => {
      removeEventListener('online', reach.changed)
      removeEventListener('offline', reach.changed)
      reach.stop()
    }
  }, [reach])

  return (
    <ConfigContext value={config}>
      <ReachContext value={reach}>
        <ApiContext value={api}>
          <QueryClientProvider client={queryClient}>
            <ViewerProvider initial={viewer}>
              <OutboxProvider>
                <LiveProvider>{children}</LiveProvider>
              </OutboxProvider>
            </ViewerProvider>
          </QueryClientProvider>
        </ApiContext>
      </ReachContext>
    </ConfigContext>
  )
}
