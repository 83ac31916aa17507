'use client'

import { PenLine, Search } from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useEffect } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useUnread } from '../../state/queries/unread.ts'
import { useViewer } from '../../state/session/viewer.tsx'
import { Button, buttonClass } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { Mark, Wordmark } from '../../ui/logo.tsx'
import { useCompose } from '../composer/compose.tsx'
import { UserAvatar } from '../user-avatar.tsx'
import { AccountMenu } from './account-menu.tsx'
import { DESTINATIONS, isCurrent } from './navigation.ts'
import { PendingWrites } from './pending-writes.tsx'

/** `others`: how many accounts there are beside this one, as the server knows it. */
export function Header({ others }: { others: number }) {
  const t = useT()
  const pathname = usePathname()
  const { id: viewer } = useViewer()
  const compose = useCompose()
  return (
    <header className="sticky top-0 z-30 border-b bg-bg/85 backdrop-blur-xl">
      <div className="page flex h-16 items-center gap-4">
        <Link
          href={viewer ? '/home' : '/'}
          aria-label={t('common.appName')}
          className="rounded-md lg:w-46"
        >
          <span className="max-sm:hidden">
            <Wordmark />
          </span>
          <Mark className="size-8 text-brand-text sm:hidden" />
        </Link>
        <SearchField />
        <nav
          id="navigation"
          aria-label={t('common.navMain')}
          className="hidden items-center gap-1 lg:flex"
        >
          {DESTINATIONS.filter(({ href }) => href !== '/search').map(
            ({ href, name, icon: Icon }) => (
              <Link
                key={href}
                href={href}
                prefetch={false}
                aria-label={t(name)}
                title={t(name)}
                aria-current={isCurrent(pathname, href) ? 'page' : undefined}
                className={cx(
                  'grid size-11 place-items-center rounded-full transition-colors hover:bg-raised',
                  isCurrent(pathname, href)
                    ? 'bg-raised text-brand-text'
                    : 'text-mute hover:text-fg',
                )}
              >
                <Icon size={21} aria-hidden />
              </Link>
            ),
          )}
        </nav>
        <div className="ms-auto flex items-center gap-2">
          <PendingWrites />
          {viewer ? (
            <>
              <Button
                look="brand"
                className="max-lg:hidden"
                icon={<PenLine size={17} aria-hidden />}
                onClick={() => compose({ mode: 'post' })}
              >
                {t('common.newPost')}
              </Button>
              <ProfileLink user={viewer} />
              <AccountMenu viewer={viewer} expected={others} />
            </>
          ) : (
            <>
              <AccountMenu viewer={null} expected={others} />
              <a href="/sign-in" className={cx(buttonClass('quiet'), 'max-sm:hidden')}>
                {t('common.signIn')}
              </a>
              <a href="/onboarding" className={buttonClass('brand')}>
                {t('common.join')}
              </a>
            </>
          )}
        </div>
      </div>
    </header>
  )
}

/** The own picture with the number of unread notifications. */
export function ProfileLink({ user, size = 40 }: { user: string; size?: number }) {
  const t = useT()
  const unread = useUnread()
  useEffect(() => {
    // On the icon of the installed app; not every browser has one.
    if ('setAppBadge' in navigator) navigator.setAppBadge(unread).catch(() => {})
  }, [unread])
  const name = unread > 0 ? t('common.notificationsUnread', { count: unread }) : t('common.profile')
  return (
    <Link href="/profile" prefetch={false} aria-label={name} className="relative rounded-full">
      <UserAvatar userId={user} size={size} className="block" />
      {unread > 0 ? (
        <span className="absolute -end-1 -bottom-1 min-w-5 rounded-full bg-brand px-1 text-center text-2xs leading-5 font-bold text-on-brand ring-2 ring-bg">
          {unread > 20 ? '21+' : unread}
        </span>
      ) : null}
    </Link>
  )
}

function SearchField() {
  const t = useT()
  // A form that works without scripts; the search page takes over from its address.
  return (
    // biome-ignore lint/a11y/useSemanticElements: `search` is not known to all browsers we support.
    <form action="/search" role="search" className="hidden max-w-md grow sm:block">
      <label className="flex h-11 items-center gap-3 rounded-full border bg-surface px-4 text-mute transition-colors focus-within:border-brand-text hover:border-line-strong">
        <Search size={18} aria-hidden />
        <span className="sr-only">{t('common.searchHint')}</span>
        <input
          name="q"
          type="search"
          autoComplete="off"
          placeholder={t('common.searchHint')}
          className="min-w-0 grow bg-transparent text-sm text-fg outline-none placeholder:text-mute"
        />
      </label>
    </form>
  )
}
