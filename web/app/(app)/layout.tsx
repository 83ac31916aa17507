import { HydrationBoundary } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Shell } from '../../src/components/shell/shell.tsx'
import { MessagesProvider } from '../../src/i18n/client.tsx'
import { getLocale, getMessages } from '../../src/i18n/server.ts'
import { serverConfig } from '../../src/server/config.ts'
import { getViewer } from '../../src/server/nexus.ts'
import { prefetchViewer } from '../../src/server/prefetch.ts'
import { AppProviders } from '../../src/state/providers.tsx'

export default async function AppLayout({ children }: { children: ReactNode }) {
  const messages = await getMessages(
    'common',
    'feed',
    'post',
    'composer',
    'errors',
    'keys',
    'standstill',
  )
  return (
    <MessagesProvider locale={await getLocale()} messages={messages}>
      <AppProviders config={serverConfig()} viewer={await getViewer()}>
        <HydrationBoundary state={await prefetchViewer()}>
          <Shell>{children}</Shell>
        </HydrationBoundary>
      </AppProviders>
    </MessagesProvider>
  )
}
