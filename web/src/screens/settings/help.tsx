'use client'

import { ChevronDown, Keyboard } from 'lucide-react'
import { askForShortcutHelp } from '../../components/shell/shortcut-setting.ts'
import { useT } from '../../i18n/client.tsx'
import { Button } from '../../ui/button.tsx'

const QUESTIONS = [
  ['settings.helpKeys', 'settings.helpKeysText'],
  ['settings.helpLost', 'settings.helpLostText'],
  ['settings.helpShield', 'settings.helpShieldText'],
  ['settings.helpMove', 'settings.helpMoveText'],
  ['settings.helpStolen', 'settings.helpStolenText'],
] as const

/** What people ask first. */
export function Help() {
  const t = useT()
  return (
    <>
      <div className="card divide-y px-5 sm:px-7">
        {QUESTIONS.map(([question, answer]) => (
          <details key={question} className="group py-4">
            <summary className="touch flex cursor-pointer list-none items-center justify-between gap-4 font-semibold [&::-webkit-details-marker]:hidden">
              {t(question)}
              <ChevronDown
                size={18}
                aria-hidden
                className="shrink-0 text-mute transition-transform group-open:rotate-180"
              />
            </summary>
            <p className="mt-2 max-w-[64ch] text-sm text-soft">{t(answer)}</p>
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
