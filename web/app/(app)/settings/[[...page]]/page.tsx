import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { MessagesProvider } from '../../../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../../../src/i18n/server.ts'
import { parseSettingsPath } from '../../../../src/screens/settings/pages.ts'
import { Settings } from '../../../../src/screens/settings/settings.tsx'
import { countOthers, isBackupDue } from '../../../../src/server/nexus.ts'

interface PageProps {
  params: Promise<{ page?: string[] }>
}

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('settings')
  return { title: t('settings.title'), robots: { index: false } }
}

export default async function SettingsRoute({ params }: PageProps) {
  const page = parseSettingsPath((await params).page ?? [])
  if (!page) notFound()
  // Choosing a picture uses the texts of the first profile.
  const messages = await getMessages(
    'settings',
    ...(page === 'edit' ? (['onboarding'] as const) : []),
    // A key is opened as it is when somebody signs in.
    ...(page === 'data' ? (['data', 'mirror', 'signIn'] as const) : []),
    ...(page === 'keys' ? (['signing', 'sessions', 'data', 'signIn'] as const) : []),
    ...(page === 'sessions' ? (['sessions', 'data', 'signIn'] as const) : []),
  )
  return (
    <MessagesProvider locale={await getLocale()} messages={messages}>
      <Settings page={page} isBackupDue={await isBackupDue()} others={await countOthers()} />
    </MessagesProvider>
  )
}
