'use client'

import { useLocale, useT } from '../../i18n/client.tsx'
import type { Locale } from '../../i18n/types.ts'
import { Choices } from '../../ui/segmented.tsx'
import { writeCookie } from './cookie.ts'

/** The language of the app; the page loads again in it. */
export function Language() {
  const t = useT()
  const locale = useLocale()

  function change(next: Locale) {
    writeCookie('locale', next)
    // Without a `?lang` that would win over the choice.
    location.assign(location.pathname)
  }

  return (
    <div className="card p-5 sm:p-7">
      <p className="mb-4 text-sm text-mute">{t('settings.languageText')}</p>
      <Choices
        label={t('settings.language')}
        value={locale}
        onChange={change}
        choices={[
          { value: 'en', label: t('settings.english') },
          { value: 'ar-XB', label: t('settings.pseudo') },
        ]}
      />
    </div>
  )
}
