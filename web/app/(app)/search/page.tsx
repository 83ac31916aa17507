import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { MessagesProvider } from '../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../src/i18n/server.ts'
import { parseSearch } from '../../../src/screens/search/query.ts'
import { Search } from '../../../src/screens/search/search.tsx'
import { prefetchStream } from '../../../src/server/prefetch.ts'

interface PageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export async function generateMetadata({ searchParams }: PageProps): Promise<Metadata> {
  const t = await getT('search')
  const { text, tags } = parseSearch(await searchParams)
  const shown = text || tags.join(', ')
  return {
    title: shown ? t('search.titleFor', { text: shown }) : t('search.title'),
    robots: { index: false },
  }
}

export default async function SearchPage({ searchParams }: PageProps) {
  const query = parseSearch(await searchParams)
  const { tags, sorting } = query
  const state = tags.length > 0 ? await prefetchStream({ source: 'all', tags, sorting }) : null
  return (
    <MessagesProvider locale={await getLocale()} messages={await getMessages('search')}>
      <HydrationBoundary state={state}>
        <Search query={query} />
      </HydrationBoundary>
    </MessagesProvider>
  )
}
