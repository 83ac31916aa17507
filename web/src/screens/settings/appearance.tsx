'use client'

import { useEffect, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { Choices } from '../../ui/segmented.tsx'
import { writeCookie } from './cookie.ts'

const SIZES = ['87.5', '100', '112.5', '125'] as const
type Size = (typeof SIZES)[number]
type Theme = 'dark' | 'light' | 'system'

/** Colours and text size; they change at once and stay in this browser. */
export function Appearance() {
  const t = useT()
  const [theme, setTheme] = useState<Theme>('dark')
  const [size, setSize] = useState<Size>('100')

  useEffect(() => {
    const root = document.documentElement
    const shown = root.dataset.theme
    if (shown === 'light' || shown === 'system') setTheme(shown)
    const set = root.style.getPropertyValue('--text-size').replace('%', '')
    setSize(SIZES.find((one) => one === set) ?? '100')
  }, [])

  function changeTheme(next: Theme) {
    setTheme(next)
    document.documentElement.dataset.theme = next
    writeCookie('theme', next)
  }

  function changeSize(next: Size) {
    setSize(next)
    document.documentElement.style.setProperty('--text-size', `${next}%`)
    writeCookie('text-size', next)
  }

  return (
    <div className="card grid gap-8 p-5 sm:p-7">
      <div>
        <h2 className="mb-3 text-lg">{t('settings.theme')}</h2>
        <Choices
          row
          label={t('settings.theme')}
          value={theme}
          onChange={changeTheme}
          choices={[
            { value: 'dark', label: t('settings.dark') },
            { value: 'light', label: t('settings.light') },
            { value: 'system', label: t('settings.system') },
          ]}
        />
      </div>
      <div>
        <h2 className="mb-3 text-lg">{t('settings.textSize')}</h2>
        <Choices
          row
          label={t('settings.textSize')}
          value={size}
          onChange={changeSize}
          choices={[
            { value: '87.5', label: t('settings.sizeSmall') },
            { value: '100', label: t('settings.sizeNormal') },
            { value: '112.5', label: t('settings.sizeLarge') },
            { value: '125', label: t('settings.sizeLarger') },
          ]}
        />
      </div>
    </div>
  )
}
