'use client'

import { Eye } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { keys } from '../../keys/index.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { Button } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'

interface PhraseDialogProps {
  user: string
  onDone: () => void
  onClose: () => void
}

/** Shows the twelve words, then asks for them in order. */
export function PhraseDialog({ user, onDone, onClose }: PhraseDialogProps) {
  const t = useT()
  const [words, setWords] = useState<readonly string[] | null>(null)
  const [revealed, setRevealed] = useState(false)
  const [checking, setChecking] = useState(false)
  const [error, setError] = useState<string | null>(null)

  useEffect(() => {
    keys.phrase(user as never).then(
      (phrase) => (phrase ? setWords(phrase.split(' ')) : setError('no_key')),
      (failed: unknown) => setError(errorCode(failed)),
    )
  }, [user])

  if (checking && words)
    return (
      <CheckDialog
        words={words}
        onClose={onClose}
        onBack={() => setChecking(false)}
        onDone={() => {
          onDone()
          onClose()
        }}
      />
    )
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('onboarding.phraseTitle')}
      description={t('onboarding.phraseText')}
      footer={
        revealed ? (
          <Button look="brand" onClick={() => setChecking(true)}>
            {t('onboarding.phraseCheck')}
          </Button>
        ) : (
          <Button
            look="brand"
            disabled={!words}
            icon={<Eye size={18} aria-hidden />}
            onClick={() => setRevealed(true)}
          >
            {t('onboarding.phraseReveal')}
          </Button>
        )
      }
    >
      {error ? (
        <p role="alert" className="py-6 text-danger">
          {t(errorTextKey(error))}
        </p>
      ) : words ? (
        <>
          {revealed ? null : (
            <p className="mb-4 text-sm text-mute">{t('onboarding.phraseHidden')}</p>
          )}
          <ol dir="ltr" className="grid grid-cols-2 gap-2 sm:grid-cols-3" data-testid="phrase">
            {words.map((word, at) => (
              <li
                // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice.
                key={at}
                className="flex h-11 items-center gap-2 rounded-md bg-raised px-3 text-sm"
              >
                <span className="w-5 text-mute tabular-nums">{at + 1}</span>
                {/* Not in the document before one asks for them. */}
                <span className={cx('font-semibold', revealed ? 'select-all' : 'blur-sm')}>
                  {revealed ? word : '••••••'}
                </span>
              </li>
            ))}
          </ol>
        </>
      ) : (
        <Skeleton className="h-56" />
      )}
    </Dialog>
  )
}

interface CheckDialogProps {
  words: readonly string[]
  onBack: () => void
  onDone: () => void
  onClose: () => void
}

function CheckDialog({ words, onBack, onDone, onClose }: CheckDialogProps) {
  const t = useT()
  // Places in the alphabetical list, so that a word that comes twice is two choices.
  const [sorted] = useState(() => [...words].sort())
  const [chosen, setChosen] = useState<readonly number[]>([])
  const [checked, setChecked] = useState(false)
  const wrong = (at: number) => sorted[chosen[at] ?? -1] !== words[at]
  const failed = checked && words.some((_, at) => wrong(at))

  function validate() {
    setChecked(true)
    if (!words.some((_, at) => wrong(at))) onDone()
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t('onboarding.phraseCheckTitle')}
      description={t('onboarding.phraseCheckText')}
      footer={
        <>
          <Button look="quiet" onClick={onBack}>
            {t('common.back')}
          </Button>
          <Button look="brand" disabled={chosen.length < words.length} onClick={validate}>
            {t('onboarding.phraseValidate')}
          </Button>
        </>
      }
    >
      <ol dir="ltr" className="grid grid-cols-2 gap-2 sm:grid-cols-3">
        {words.map((_, at) => {
          const filled = chosen[at] !== undefined
          const bad = checked && filled && wrong(at)
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: twelve fixed places.
            <li key={at}>
              <button
                type="button"
                disabled={!filled}
                aria-label={`${t('onboarding.phraseWord', { n: at + 1 })} ${filled ? sorted[chosen[at] ?? -1] : ''}`}
                aria-invalid={bad || undefined}
                onClick={() => {
                  setChecked(false)
                  setChosen(chosen.filter((_, other) => other !== at))
                }}
                className={cx(
                  'flex h-10 w-full items-center gap-2 rounded-md border px-3 text-sm',
                  bad
                    ? 'border-danger text-danger'
                    : filled
                      ? 'border-line-strong'
                      : 'border-dashed',
                )}
              >
                <span className="w-5 text-mute tabular-nums">{at + 1}</span>
                <span className="font-semibold">{filled ? sorted[chosen[at] ?? -1] : ''}</span>
              </button>
            </li>
          )
        })}
      </ol>
      {failed ? (
        <p role="alert" className="mt-3 text-sm text-danger">
          {t('onboarding.phraseWrong')}
        </p>
      ) : null}
      <div dir="ltr" className="mt-5 flex flex-wrap gap-2 border-t pt-5">
        {sorted.map((word, at) => (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice.
            key={at}
            type="button"
            disabled={chosen.includes(at)}
            onClick={() => {
              setChecked(false)
              setChosen([...chosen, at])
            }}
            className="touch h-9 rounded-full bg-raised px-4 text-sm font-semibold hover:bg-line disabled:opacity-30"
          >
            {word}
          </button>
        ))}
      </div>
    </Dialog>
  )
}
