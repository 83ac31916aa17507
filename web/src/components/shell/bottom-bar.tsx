'use client'

import { PenLine } from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useT } from '../../i18n/client.tsx'
import { useViewer } from '../../state/session/viewer.tsx'
import { cx } from '../../ui/cx.ts'
import { useCompose } from '../composer/compose.tsx'
import { DESTINATIONS, isCurrent } from './navigation.ts'

/** Forms, which the round button would cover. */
const SETTINGS = '/settings'

/** Navigation on a phone, with the round button that opens the composer above it. */
export function BottomBar() {
  const t = useT()
  const pathname = usePathname()
  const { id: viewer } = useViewer()
  const compose = useCompose()
  return (
    <>
      {viewer && !pathname.startsWith(SETTINGS) ? (
        <button
          type="button"
          aria-label={t('common.newPost')}
          onClick={() => compose({ mode: 'post' })}
          className="fixed end-4 bottom-20 z-40 grid size-14 place-items-center rounded-full bg-brand text-on-brand shadow-pop transition-transform active:scale-95 lg:hidden"
        >
          <PenLine size={24} aria-hidden />
        </button>
      ) : null}
      <nav
        aria-label={t('common.navMain')}
        className="fixed inset-x-0 bottom-0 z-30 border-t bg-bg/92 pb-[env(safe-area-inset-bottom)] backdrop-blur-xl lg:hidden"
      >
        <ul className="mx-auto flex h-16 max-w-lg items-center justify-around px-2">
          {DESTINATIONS.map(({ href, name, icon: Icon }) => (
            <li key={href}>
              <Link
                href={href}
                prefetch={false}
                aria-label={t(name)}
                aria-current={isCurrent(pathname, href) ? 'page' : undefined}
                className={cx(
                  'grid size-12 place-items-center rounded-full',
                  isCurrent(pathname, href) ? 'bg-raised text-brand-text' : 'text-mute',
                )}
              >
                <Icon size={23} aria-hidden />
              </Link>
            </li>
          ))}
        </ul>
      </nav>
    </>
  )
}
