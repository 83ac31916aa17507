import { looksLikeUser } from '../../state/views.ts'

export const PROFILE_TABS = [
  'notifications',
  'posts',
  'replies',
  'tagged',
  'followers',
  'following',
  'friends',
] as const
export type ProfileTab = (typeof PROFILE_TABS)[number]

/** Whose profile, null for one's own, and which part of it. */
export interface ProfileRoute {
  user: string | null
  tab: ProfileTab
}

function isTab(text: string): text is ProfileTab {
  return PROFILE_TABS.some((tab) => tab === text)
}

/** The key in an address, with the prefixes that people paste (spec/web-app.md 2). */
function userOf(text: string): string | null {
  const key = text.replace(/^(?:pubky|pk(?::|%3A))(?=[a-z0-9]{52}$)/i, '')
  return looksLikeUser(key) ? key : null
}

/** Reads the path below `/profile`; null for an address that names nothing. */
export function parseProfilePath(path: readonly string[]): ProfileRoute | null {
  const [first, second, ...more] = path
  if (more.length > 0) return null
  if (first === undefined) return { user: null, tab: 'notifications' }
  if (isTab(first) && second === undefined) return { user: null, tab: first }
  const user = userOf(first)
  if (user === null) return null
  if (second === undefined) return { user, tab: 'posts' }
  return isTab(second) && second !== 'notifications' ? { user, tab: second } : null
}
