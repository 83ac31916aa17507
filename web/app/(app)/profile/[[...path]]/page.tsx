import { dehydrate, HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { MessagesProvider } from '../../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../../src/i18n/server.ts'
import { Profile } from '../../../../src/screens/profile/profile.tsx'
import { type ProfileRoute, parseProfilePath } from '../../../../src/screens/profile/tabs.ts'
import { publicOrigin, serverConfig } from '../../../../src/server/config.ts'
import { getViewer, serverApi } from '../../../../src/server/nexus.ts'
import { prefetchStream } from '../../../../src/server/prefetch.ts'
import { createQueryClient } from '../../../../src/state/query-client.ts'
import { fileAddress, type UserView } from '../../../../src/state/views.ts'

interface PageProps {
  params: Promise<{ path?: string[] }>
}

/** The person of the page, once for the page and its metadata; undefined when nobody could be asked. */
const loadUser = cache(async (userId: string): Promise<UserView | null | undefined> => {
  try {
    const viewerId = (await getViewer()) ?? undefined
    return (await serverApi().user.view.query({ userId, viewerId })) as UserView | null
  } catch {
    return undefined
  }
})

async function routeOf({ params }: PageProps): Promise<ProfileRoute | null> {
  return parseProfilePath((await params).path ?? [])
}

export async function generateMetadata(props: PageProps): Promise<Metadata> {
  const t = await getT('profile')
  const route = await routeOf(props)
  if (!route?.user) return { title: t('common.profile'), robots: { index: false } }
  const user = await loadUser(route.user)
  if (!user) return { title: t('common.profile'), robots: { index: false } }
  const { name, bio, image, id } = user.details
  const title = t('profile.titleOf', { name })
  const description = bio ?? t('common.tagline')
  const url = `${publicOrigin()}/profile/${id}`
  const picture = image ? fileAddress(serverConfig().nexus, image, 'small') : null
  return {
    title,
    description,
    alternates: { canonical: url },
    openGraph: { type: 'profile', title, description, url, ...(picture && { images: [picture] }) },
    twitter: { card: 'summary', title, description },
  }
}

export default async function Page(props: PageProps) {
  const route = await routeOf(props)
  if (!route) notFound()
  const client = createQueryClient()
  const id = route.user ?? (await getViewer())
  const user = id === null ? undefined : await loadUser(id)
  if (id !== null && user !== undefined) client.setQueryData(['user', id], user)
  const posts =
    id !== null && route.tab === 'posts'
      ? await prefetchStream({ source: 'author', authorId: id })
      : null
  const messages = await getMessages('profile', 'notices', 'lists')
  return (
    <MessagesProvider locale={await getLocale()} messages={messages}>
      <HydrationBoundary state={posts}>
        <HydrationBoundary state={dehydrate(client)}>
          <Profile route={route} />
        </HydrationBoundary>
      </HydrationBoundary>
    </MessagesProvider>
  )
}
