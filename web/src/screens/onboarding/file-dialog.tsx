'use client'

import { Download } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { saveFile } from '../../components/save-file.ts'
import { useT } from '../../i18n/client.tsx'
import { keys } from '../../keys/index.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { Button } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { showToast } from '../../ui/toast.tsx'
import { passwordStrength, type Strength } from './password-strength.ts'

const FILE_NAME = 'recovery.pkarr'
const LEVELS: readonly Strength[] = ['weak', 'fair', 'good', 'strong']
const NAMES = {
  weak: 'onboarding.passwordWeak',
  fair: 'onboarding.passwordFair',
  good: 'onboarding.passwordGood',
  strong: 'onboarding.passwordStrong',
} as const

interface FileDialogProps {
  user: string
  onDone: () => void
  onClose: () => void
}

/** Saves the key as a file that a password opens. */
export function FileDialog({ user, onDone, onClose }: FileDialogProps) {
  const t = useT()
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const strength = passwordStrength(password)
  const differs = again !== '' && again !== password

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (password === '' || password !== again || busy) return
    setBusy(true)
    setError(null)
    try {
      const bytes = new Uint8Array(await keys.recoveryFile(user as never, password))
      saveFile(new Blob([bytes], { type: 'application/octet-stream' }), FILE_NAME)
      showToast('good', t('onboarding.fileSaved'))
      onDone()
      onClose()
    } catch (failed) {
      setError(errorCode(failed))
      setBusy(false)
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t('onboarding.fileTitle')}
      description={t('onboarding.fileText')}
    >
      <form onSubmit={submit} className="mt-2 grid gap-4">
        <TextField
          label={t('onboarding.password')}
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          hint={password === '' ? null : <Meter strength={strength} />}
        />
        <TextField
          label={t('onboarding.passwordAgain')}
          type="password"
          autoComplete="new-password"
          value={again}
          error={differs ? t('onboarding.passwordMismatch') : null}
          onChange={setAgain}
        />
        {error ? (
          <p role="alert" className="text-sm text-danger">
            {t(errorTextKey(error))}
          </p>
        ) : null}
        <Button
          type="submit"
          look="brand"
          busy={busy}
          disabled={password === '' || password !== again}
          icon={<Download size={18} aria-hidden />}
          className="justify-self-end"
        >
          {t('onboarding.fileDownload')}
        </Button>
      </form>
    </Dialog>
  )
}

function Meter({ strength }: { strength: Strength }) {
  const t = useT()
  const level = LEVELS.indexOf(strength)
  return (
    <span className="block" aria-live="polite">
      <span className="mb-1.5 flex gap-1" aria-hidden>
        {LEVELS.map((name, at) => (
          <span
            key={name}
            className={cx(
              'h-1 grow rounded-full',
              at > level ? 'bg-line' : level === 0 ? 'bg-warn' : 'bg-brand',
            )}
          />
        ))}
      </span>
      {t('onboarding.passwordStrength', { level: t(NAMES[strength]) })}.
      {strength === 'weak' ? ` ${t('onboarding.passwordWeakWarning')}` : null}
    </span>
  )
}
