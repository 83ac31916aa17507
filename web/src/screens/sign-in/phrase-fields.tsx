'use client'

import { useT } from '../../i18n/client.tsx'

interface PhraseFieldsProps {
  words: readonly string[]
  onChange: (words: readonly string[]) => void
}

/** Twelve fields; pasting the whole phrase into any of them fills all. */
export function PhraseFields({ words, onChange }: PhraseFieldsProps) {
  const t = useT()

  function set(at: number, text: string) {
    const typed = text.toLowerCase().trim().split(/\s+/).filter(Boolean)
    if (typed.length > 1) {
      const start = typed.length >= words.length ? 0 : at
      onChange(words.map((word, index) => typed[index - start] ?? word))
    } else onChange(words.map((word, index) => (index === at ? (typed[0] ?? '') : word)))
  }

  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-semibold">{t('signIn.phrase')}</legend>
      <div dir="ltr" className="grid grid-cols-2 gap-2 sm:grid-cols-3">
        {words.map((word, at) => (
          <label
            // biome-ignore lint/suspicious/noArrayIndexKey: twelve fixed places.
            key={at}
            className="flex h-11 items-center rounded-md border border-line-strong ps-3 focus-within:border-brand-text"
          >
            <span className="w-6 shrink-0 text-sm text-mute tabular-nums">{at + 1}</span>
            <input
              value={word}
              aria-label={t('signIn.word', { n: at + 1 })}
              autoComplete="off"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              onChange={(event) => set(at, event.target.value)}
              className="h-full min-w-0 grow bg-transparent pe-2 text-sm font-medium outline-none"
            />
          </label>
        ))}
      </div>
      <p className="mt-2 text-sm text-mute">{t('signIn.phraseHint')}</p>
    </fieldset>
  )
}
