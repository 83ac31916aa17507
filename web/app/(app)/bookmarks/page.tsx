import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { MessagesProvider } from '../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../src/i18n/server.ts'
import { Bookmarks } from '../../../src/screens/bookmarks/bookmarks.tsx'
import { getViewer } from '../../../src/server/nexus.ts'
import { prefetchStream } from '../../../src/server/prefetch.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('lists')
  return { title: t('lists.bookmarksTitle'), robots: { index: false } }
}

export default async function BookmarksPage() {
  const state = (await getViewer()) === null ? null : await prefetchStream({ source: 'bookmarks' })
  return (
    <MessagesProvider locale={await getLocale()} messages={await getMessages('lists')}>
      <HydrationBoundary state={state}>
        <Bookmarks />
      </HydrationBoundary>
    </MessagesProvider>
  )
}
