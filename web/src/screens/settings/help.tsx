'use client'

import { Keyboard } from 'lucide-react'
import { askForShortcutHelp } from '../../components/shell/shortcut-setting.ts'
import { useT } from '../../i18n/client.tsx'
import { Button } from '../../ui/button.tsx'

const QUESTIONS = [
  ['settings.helpKeys', 'settings.helpKeysText'],
  ['settings.helpLost', 'settings.helpLostText'],
  ['settings.helpShield', 'settings.helpShieldText'],
  ['settings.helpMove', 'settings.helpMoveText'],
] as const

/** What people ask first. */
export function Help() {
  const t = useT()
  return (
    <>
      <div className="card divide-y px-5 sm:px-7">
        {QUESTIONS.map(([question, answer]) => (
          <details key={question} className="py-4">
            <summary className="touch cursor-pointer font-semibold">{t(question)}</summary>
            <p className="mt-2 text-sm text-soft">{t(answer)}</p>
          </details>
        ))}
      </div>
      <Button
        look="outline"
        className="mt-4 pointer-coarse:hidden"
        icon={<Keyboard size={18} aria-hidden />}
        onClick={askForShortcutHelp}
      >
        {t('keys.show')}
      </Button>
    </>
  )
}
