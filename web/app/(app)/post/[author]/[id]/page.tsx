import { dehydrate, HydrationBoundary } from '@tanstack/react-query'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { previewText } from '../../../../../src/components/preview-text.ts'
import { MessagesProvider } from '../../../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../../../src/i18n/server.ts'
import { PostPage } from '../../../../../src/screens/post/post-page.tsx'
import { publicOrigin, serverConfig } from '../../../../../src/server/config.ts'
import { getViewer, serverApi } from '../../../../../src/server/nexus.ts'
import { loadThread, threadKey } from '../../../../../src/state/queries/thread.ts'
import { createQueryClient } from '../../../../../src/state/query-client.ts'
import {
  fileAddress,
  looksLikePost,
  looksLikeUser,
  type PostView,
  type UserView,
} from '../../../../../src/state/views.ts'

interface PageProps {
  params: Promise<{ author: string; id: string }>
}

/** The conversation in a fresh cache, once for the page and its metadata. */
const load = cache(async (author: string, id: string) => {
  const client = createQueryClient()
  const key = `${author}:${id}`
  try {
    const ancestors = await loadThread(serverApi(), client, key, await getViewer())
    client.setQueryData(threadKey(key), ancestors)
  } catch {
    // The browser asks again, and shows what it remembers meanwhile.
  }
  return client
})

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  const { author, id } = await params
  const t = await getT('thread')
  if (!looksLikeUser(author) || !looksLikePost(id)) return { title: t('thread.title') }
  const client = await load(author, id)
  const post = client.getQueryData<PostView | null>(['post', `${author}:${id}`])
  const user = client.getQueryData<UserView | null>(['user', author])
  if (!post || post.deleted) return { title: t('thread.title'), robots: { index: false } }
  const title = t('thread.titleBy', { name: user?.details.name ?? t('common.deletedUser') })
  const description = previewText(post.details, 200)
  const url = `${publicOrigin()}/post/${author}/${id}`
  const [first] = post.details.attachments ?? []
  const image =
    post.details.kind === 'image' && first ? fileAddress(serverConfig().nexus, first, 'feed') : null
  return {
    title,
    description,
    alternates: { canonical: url },
    openGraph: { type: 'article', title, description, url, ...(image && { images: [image] }) },
    twitter: { card: image ? 'summary_large_image' : 'summary', title, description },
  }
}

export default async function Page({ params }: PageProps) {
  const { author, id } = await params
  if (!looksLikeUser(author) || !looksLikePost(id)) notFound()
  const client = await load(author, id)
  return (
    <MessagesProvider locale={await getLocale()} messages={await getMessages('thread')}>
      <HydrationBoundary state={dehydrate(client)}>
        <PostPage postKey={`${author}:${id}`} />
      </HydrationBoundary>
    </MessagesProvider>
  )
}
