import type { Metadata } from 'next'
import { MessagesProvider } from '../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../src/i18n/server.ts'
import { WhoToFollow } from '../../../src/screens/people/who-to-follow.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('lists')
  return { title: t('lists.whoTitle') }
}

export default async function WhoToFollowPage() {
  return (
    <MessagesProvider locale={await getLocale()} messages={await getMessages('lists')}>
      <WhoToFollow />
    </MessagesProvider>
  )
}
