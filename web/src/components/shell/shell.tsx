import type { ReactNode } from 'react'
import { getT } from '../../i18n/server.ts'
import { WorkerLoader } from '../../offline/worker-loader.tsx'
import { countOthers, isBackupDue } from '../../server/nexus.ts'
import { nonceOfRequest } from '../../server/nonce.ts'
import { Toaster } from '../../ui/toast.tsx'
import { ComposeProvider } from '../composer/compose.tsx'
import { JoinProvider } from '../join.tsx'
import { BackupBanner } from './backup-banner.tsx'
import { BottomBar } from './bottom-bar.tsx'
import { EarlyClicks } from './early-clicks.tsx'
import { Header } from './header.tsx'
import { Notices } from './notice.tsx'
import { OpenPosts } from './open-posts.tsx'
import { ReachNotice } from './reach-notice.tsx'
import { RouteFrame } from './route-frame.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { StandstillLoader } from './standstill-loader.tsx'

/** The frame of every page of the app: skip links, header, notices, content, bar on a phone. */
export async function Shell({ children }: { children: ReactNode }) {
  const t = await getT()
  const skip =
    'sr-only z-60 rounded-full bg-brand px-5 py-2.5 font-semibold text-on-brand focus:not-sr-only focus:fixed focus:start-4 focus:top-3'
  return (
    <JoinProvider>
      <ComposeProvider>
        <EarlyClicks nonce={await nonceOfRequest()}>
          <a href="#content" className={skip}>
            {t('common.skipToContent')}
          </a>
          <Header others={await countOthers()} />
          <BackupBanner isDue={await isBackupDue()} />
          <div id="content" tabIndex={-1} className="page pt-4 pb-28 outline-none lg:pt-6 lg:pb-16">
            <RouteFrame>{children}</RouteFrame>
          </div>
          <BottomBar />
          <Notices>
            <StandstillLoader />
            <WorkerLoader />
            <ReachNotice />
          </Notices>
          <Shortcuts />
          <OpenPosts />
          <Toaster />
        </EarlyClicks>
      </ComposeProvider>
    </JoinProvider>
  )
}
