'use client'

import Link from 'next/link'
import { useEffect, useRef } from 'react'
import { cx } from './cx.ts'

export interface TabLink {
  href: string
  label: string
  count?: number | undefined
}

interface TabsProps {
  /** Name of the navigation for screen readers. */
  label: string
  tabs: readonly TabLink[]
  current: string
}

/** Tabs that are pages of their own: a scrolling bar of links, the current one marked and in view. */
export function Tabs({ label, tabs, current }: TabsProps) {
  const bar = useRef<HTMLElement>(null)
  const at = tabs.findIndex(({ href }) => href === current)

  useEffect(() => {
    const nav = bar.current
    const tab = nav?.querySelectorAll('a')[at]
    if (!nav || !tab) return
    // By hand, because scrollIntoView would move the page, too.
    const [of, around] = [tab.getBoundingClientRect(), nav.getBoundingClientRect()]
    nav.scrollLeft += of.left + of.width / 2 - (around.left + around.width / 2)
  }, [at])

  return (
    <nav
      ref={bar}
      aria-label={label}
      className="fade-inline -mx-1 overflow-x-auto px-1 [scrollbar-width:none]"
    >
      <ul className="flex min-w-max gap-1 border-b">
        {tabs.map((tab) => (
          <li key={tab.href}>
            <Link
              href={tab.href}
              replace
              scroll={false}
              aria-current={tab.href === current ? 'page' : undefined}
              className={cx(
                'flex h-12 items-center gap-2 border-b-2 px-4 text-sm font-semibold transition-colors',
                'focus-visible:outline-offset-[-3px]',
                tab.href === current
                  ? 'border-brand-text text-fg'
                  : 'border-transparent text-mute hover:text-fg',
              )}
            >
              {tab.label}
              {tab.count === undefined ? null : (
                <span className="text-xs font-medium text-mute tabular-nums">{tab.count}</span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
