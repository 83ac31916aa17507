import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { MessagesProvider } from '../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../src/i18n/server.ts'
import { Hot } from '../../../src/screens/hot/hot.tsx'
import { prefetchStream } from '../../../src/server/prefetch.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('lists')
  return { title: t('lists.hotTitle') }
}

export default async function HotPage() {
  return (
    <MessagesProvider locale={await getLocale()} messages={await getMessages('lists')}>
      <HydrationBoundary
        state={await prefetchStream({ source: 'all', sorting: 'total_engagement' })}
      >
        <Hot />
      </HydrationBoundary>
    </MessagesProvider>
  )
}
