import type { MessageKey } from '../../i18n/types.ts'

/** Pages of the settings; those without account are open to guests. */
export const SETTINGS_PAGES = [
  { page: 'account', name: 'settings.account', guest: false },
  { page: 'edit', name: 'settings.edit', guest: false },
  { page: 'data', name: 'settings.data', guest: false },
  { page: 'sessions', name: 'settings.sessions', guest: false },
  { page: 'keys', name: 'settings.keys', guest: false },
  { page: 'muted-users', name: 'settings.muted', guest: false },
  { page: 'appearance', name: 'settings.appearance', guest: true },
  { page: 'language', name: 'settings.language', guest: true },
  { page: 'help', name: 'settings.help', guest: true },
] as const satisfies readonly { page: string; name: MessageKey; guest: boolean }[]

export type SettingsPage = (typeof SETTINGS_PAGES)[number]['page']

export function parseSettingsPath(path: readonly string[]): SettingsPage | null {
  const [first = 'account', ...more] = path
  if (more.length > 0) return null
  return SETTINGS_PAGES.find(({ page }) => page === first)?.page ?? null
}
