import type { Metadata } from 'next'
import { MessagesProvider } from '../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../src/i18n/server.ts'
import { Drafts } from '../../../src/screens/drafts/drafts.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('drafts')
  return { title: t('drafts.title'), robots: { index: false } }
}

export default async function DraftsPage() {
  return (
    <MessagesProvider locale={await getLocale()} messages={await getMessages('drafts')}>
      <Drafts />
    </MessagesProvider>
  )
}
