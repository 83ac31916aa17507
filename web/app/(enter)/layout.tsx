import type { ReactNode } from 'react'
import { MessagesProvider } from '../../src/i18n/client.tsx'
import { getLocale, getMessages, getT } from '../../src/i18n/server.ts'
import { BackToAccount } from '../../src/screens/onboarding/back-to-account.tsx'
import { EnterProviders } from '../../src/screens/onboarding/enter-providers.tsx'
import { serverConfig } from '../../src/server/config.ts'
import { Wordmark } from '../../src/ui/logo.tsx'

export default async function EnterLayout({ children }: { children: ReactNode }) {
  const t = await getT()
  const messages = await getMessages('common', 'onboarding', 'signIn', 'errors')
  return (
    <MessagesProvider locale={await getLocale()} messages={messages}>
      <EnterProviders config={serverConfig()}>
        <div data-at-once className="halo min-h-dvh">
          <header className="page flex h-20 items-center">
            {/* A full page load on purpose: the app starts afresh with what happened here. */}
            <a href="/" aria-label={t('common.appName')} className="rounded-md">
              <Wordmark />
            </a>
            <BackToAccount />
          </header>
          <main className="page pb-24">{children}</main>
        </div>
      </EnterProviders>
    </MessagesProvider>
  )
}
