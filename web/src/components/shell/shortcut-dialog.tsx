'use client'

import { useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SHORTCUT_LIST } from './shortcut-keys.ts'
import { hasShortcuts, setShortcuts } from './shortcut-setting.ts'

/** The list of keys, and the switch that turns them off. */
export function ShortcutDialog({ onClose }: { onClose: () => void }) {
  const t = useT()
  const [on, setOn] = useState(hasShortcuts)
  return (
    <Dialog open wide onClose={onClose} title={t('keys.title')}>
      <label className="mb-6 flex items-center gap-3 text-sm">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            setShortcuts(event.target.checked)
            setOn(event.target.checked)
          }}
          className="size-5 accent-brand"
        />
        {t('keys.on')}
      </label>
      <div className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
        {SHORTCUT_LIST.map(({ title, rows }) => (
          <section key={title}>
            <h3 className="mb-2 text-sm text-mute">{t(title)}</h3>
            <dl className="grid gap-2 text-sm">
              {rows.map(({ keys, text }) => (
                <div key={text} className="flex items-baseline justify-between gap-4">
                  <dt>{t(text)}</dt>
                  <dd className="flex shrink-0 gap-1.5">
                    {keys.map((key) => (
                      <kbd
                        key={key}
                        className="min-w-7 rounded-sm border border-line-strong bg-raised px-1.5 py-0.5 text-center text-xs font-semibold"
                      >
                        {key}
                      </kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
