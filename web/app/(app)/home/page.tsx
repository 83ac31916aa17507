import { HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { cookies } from 'next/headers'
import { getT } from '../../../src/i18n/server.ts'
import { readFilter, toStream } from '../../../src/screens/home/filter.ts'
import { Home } from '../../../src/screens/home/home.tsx'
import { getViewer } from '../../../src/server/nexus.ts'
import { prefetchStream } from '../../../src/server/prefetch.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('feed')
  return { title: t('feed.title') }
}

export default async function HomePage() {
  const viewer = await getViewer()
  const filter = readFilter((await cookies()).get('feed')?.value, viewer === null)
  return (
    <HydrationBoundary state={await prefetchStream(toStream(filter))}>
      <Home initialFilter={filter} />
    </HydrationBoundary>
  )
}
