'use client'

import { type FormEvent, type ReactNode, useState } from 'react'
import { useT } from '../../../i18n/client.tsx'
import { errorTextKey } from '../../../state/session/errors.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { useViewerSession } from '../../../state/session/viewer.tsx'
import { Button, buttonClass } from '../../../ui/button.tsx'
import {
  isEntered,
  type KeyEntry,
  KeyFields,
  NO_KEY,
  readEntry,
} from '../../sign-in/key-fields.tsx'
import { Refusal } from './card.tsx'

interface UnlockProps {
  /** Fields above those of the key. */
  children?: ReactNode
  /** What happens to the key. */
  text?: string
  submit: string
  /** What is done cannot be taken back. */
  danger?: boolean
  ready?: boolean
  /** Beside the button. */
  aside?: ReactNode
  failed: { code: string; detail: string | null } | null
  onUnlock: (secret: RootSecret) => void
}

/** Asks for the recovery file or the phrase, for one piece of work. */
export function Unlock(props: UnlockProps) {
  const { children, text, submit, danger, ready = true, aside, failed, onUnlock } = props
  const t = useT()
  const { account } = useViewerSession()
  const [entry, setEntry] = useState<KeyEntry>(NO_KEY)
  const [problem, setProblem] = useState<string | null>(null)

  if (account?.backup === 'pending')
    return (
      <>
        <p className="mb-4 text-sm text-soft">{t('data.backupFirst')}</p>
        <a href="/onboarding/backup" className={buttonClass('brand')}>
          {t('data.backupNow')}
        </a>
      </>
    )

  async function submitted(event: FormEvent) {
    event.preventDefault()
    const secret = await readEntry(entry, t)
    setProblem(typeof secret === 'string' ? secret : null)
    if (typeof secret !== 'string') onUnlock(secret)
  }

  const refusal = problem ?? (failed ? t(errorTextKey(failed.code)) : null)
  return (
    <form method="dialog" onSubmit={submitted} className="grid gap-5">
      {children}
      <div>
        <h3 className="mb-1 text-base">{t('data.unlock')}</h3>
        <p className="text-sm text-mute">{text ?? t('data.unlockText')}</p>
      </div>
      <KeyFields
        entry={entry}
        onChange={(change) => {
          setEntry((now) => ({ ...now, ...change }))
          setProblem(null)
        }}
      />
      {refusal ? (
        <Refusal>
          {refusal}
          {!problem && failed?.detail ? (
            <code className="mt-1 block text-xs break-all">{failed.detail}</code>
          ) : null}
        </Refusal>
      ) : null}
      <div className="flex flex-wrap gap-3">
        <Button
          type="submit"
          look={danger ? 'danger' : 'brand'}
          disabled={!ready || !isEntered(entry)}
        >
          {submit}
        </Button>
        {aside}
      </div>
    </form>
  )
}
