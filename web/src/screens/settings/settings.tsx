'use client'

import { KeyRound } from 'lucide-react'
import Link from 'next/link'
import { Suspense } from 'react'
import { Columns } from '../../components/shell/columns.tsx'
import { useT } from '../../i18n/client.tsx'
import { useViewer } from '../../state/session/viewer.tsx'
import { buttonClass } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { part } from '../../ui/part.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { EmptyState } from '../../ui/states.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AccountSettings } from './account.tsx'
import { Appearance } from './appearance.tsx'
import { EditProfile } from './edit-profile.tsx'
import { Help } from './help.tsx'
import { Language } from './language.tsx'
import { MutedPeople } from './muted.tsx'
import { SETTINGS_PAGES, type SettingsPage } from './pages.ts'

const YourData = part(() => import('./data/your-data.tsx').then((m) => m.YourData))
const Sessions = part(() => import('./sessions/sessions.tsx').then((m) => m.Sessions))
const Keys = part(() => import('./keys/keys.tsx').then((m) => m.Keys))

interface SettingsProps {
  page: SettingsPage
  /** As the server knows it, and how many other accounts there are. */
  isBackupDue: boolean
  others: number
}

/** The settings: a list of pages beside or above the one that is open. */
export function Settings({ page, ...asKnown }: SettingsProps) {
  const t = useT()
  const { id: viewer } = useViewer()
  const pages = SETTINGS_PAGES.filter(({ guest }) => guest || viewer !== null)
  const current = SETTINGS_PAGES.find((one) => one.page === page)
  return (
    <Columns
      start={
        <nav aria-label={t('settings.menu')} className="grid gap-0.5">
          {pages.map((one) => (
            <Link
              key={one.page}
              href={`/settings/${one.page}`}
              aria-current={one.page === page ? 'page' : undefined}
              className={cx(
                'flex h-10 items-center rounded-full px-4 text-sm font-medium transition-colors',
                one.page === page ? 'bg-raised text-fg' : 'text-mute hover:text-fg',
              )}
            >
              {t(one.name)}
            </Link>
          ))}
        </nav>
      }
    >
      <div className="mb-4 lg:hidden">
        <Tabs
          label={t('settings.menu')}
          tabs={pages.map((one) => ({ href: `/settings/${one.page}`, label: t(one.name) }))}
          current={`/settings/${page}`}
        />
      </div>
      <h1 className="mb-4 text-xl">{t(current?.name ?? 'settings.title')}</h1>
      <Content page={page} viewer={viewer} {...asKnown} />
    </Columns>
  )
}

function Content({ page, viewer, ...asKnown }: SettingsProps & { viewer: string | null }) {
  switch (page) {
    case 'appearance':
      return <Appearance />
    case 'language':
      return <Language />
    case 'help':
      return <Help />
  }
  if (viewer === null) return <Guest />
  switch (page) {
    case 'account':
      return <AccountSettings user={viewer} {...asKnown} />
    case 'edit':
      return <EditProfile userId={viewer} />
    case 'data':
      return (
        <Suspense fallback={<Skeleton className="h-96 rounded-lg" />}>
          <YourData user={viewer} />
        </Suspense>
      )
    case 'sessions':
      return (
        <Suspense fallback={<Skeleton className="h-96 rounded-lg" />}>
          <Sessions user={viewer} />
        </Suspense>
      )
    case 'keys':
      return (
        <Suspense fallback={<Skeleton className="h-96 rounded-lg" />}>
          <Keys user={viewer} />
        </Suspense>
      )
    case 'muted-users':
      return <MutedPeople />
  }
}

function Guest() {
  const t = useT()
  return (
    <EmptyState
      icon={<KeyRound size={28} aria-hidden />}
      title={t('settings.guestTitle')}
      action={
        <>
          <a href="/onboarding" className={buttonClass('brand')}>
            {t('common.join')}
          </a>
          <a href="/sign-in" className={buttonClass('outline')}>
            {t('common.signIn')}
          </a>
        </>
      }
    >
      {t('settings.guestText')}
    </EmptyState>
  )
}
