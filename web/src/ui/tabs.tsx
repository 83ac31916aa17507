import Link from 'next/link'
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

/** Tabs that are pages of their own: a scrolling bar of links, the current one marked. */
export function Tabs({ label, tabs, current }: TabsProps) {
  return (
    <nav aria-label={label} className="-mx-1 overflow-x-auto px-1 [scrollbar-width:none]">
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
                  ? 'border-brand text-fg'
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
