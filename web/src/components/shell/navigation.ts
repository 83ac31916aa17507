import { Bookmark, Flame, House, Search, Settings } from 'lucide-react'
import type { MessageKey } from '../../i18n/types.ts'

export const DESTINATIONS = [
  { href: '/home', name: 'common.home', icon: House },
  { href: '/search', name: 'common.search', icon: Search },
  { href: '/hot', name: 'common.hot', icon: Flame },
  { href: '/bookmarks', name: 'common.bookmarks', icon: Bookmark },
  { href: '/settings', name: 'common.settings', icon: Settings },
] as const satisfies readonly { href: string; name: MessageKey; icon: typeof House }[]

/** True for the page itself and the pages below it. */
export function isCurrent(pathname: string, href: string): boolean {
  return pathname === href || pathname.startsWith(`${href}/`)
}
