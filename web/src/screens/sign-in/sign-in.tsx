'use client'

import { Check, FileLock2, ListOrdered } from 'lucide-react'
import { type FormEvent, useId, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useConfig } from '../../state/services.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { Button } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { Choices } from '../../ui/segmented.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { PhraseFields } from './phrase-fields.tsx'

type Step = 'open' | 'find' | 'grant' | 'profile'

const STEPS = [
  { name: 'open', label: 'signIn.stepOpen' },
  { name: 'find', label: 'signIn.stepFind' },
  { name: 'grant', label: 'signIn.stepGrant' },
  { name: 'profile', label: 'signIn.stepProfile' },
] as const
const WORDS = 12
const MOST_FILE_BYTES = 4096

/** Opens a recovery file or phrase here and gives this browser a key of its own. */
export function SignIn() {
  const t = useT()
  const config = useConfig()
  const [method, setMethod] = useState<'file' | 'phrase'>('file')
  const [file, setFile] = useState<File | null>(null)
  const [password, setPassword] = useState('')
  const [words, setWords] = useState<readonly string[]>(() => Array<string>(WORDS).fill(''))
  const [step, setStep] = useState<Step | null>(null)
  const [error, setError] = useState<string | null>(null)

  async function signIn(): Promise<{ hasProfile: boolean } | string> {
    const connection = await import('../../state/session/connection.ts')
    if (method === 'file') {
      if (!file) return t('signIn.fileNone')
      if (file.size > MOST_FILE_BYTES) return t('errors.invalid_file')
      const bytes = new Uint8Array(await file.arrayBuffer())
      return connection.signInWithFile(config, bytes, password, setStep)
    }
    const { keys } = await import('../../keys/index.ts')
    const unknown = await keys.unknownWords(words)
    if (unknown.length > 0)
      return t('signIn.unknownWords', { count: unknown.length, words: unknown.join(', ') || '∅' })
    return connection.signInWithPhrase(config, words.join(' '), setStep)
  }

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (step) return
    setError(null)
    setStep('open')
    try {
      const result = await signIn()
      if (typeof result === 'string') setError(result)
      // A full load: the app starts afresh with the account.
      else return location.assign(result.hasProfile ? '/home' : '/onboarding/profile')
    } catch (failed) {
      setError(t(errorTextKey(errorCode(failed))))
    }
    setStep(null)
  }

  const ready = method === 'file' ? file !== null && password !== '' : words.every(Boolean)
  return (
    <div className="mx-auto grid max-w-5xl gap-x-16 gap-y-10 pt-4 lg:grid-cols-[1fr_1.1fr] lg:pt-16">
      <div>
        <h1 className="display text-3xl">
          <span className="block">{t('signIn.headLead')}</span>
          <span className="block text-brand-text">{t('signIn.headBrand')}</span>
        </h1>
        <p className="mt-5 max-w-[44ch] text-soft">{t('signIn.text')}</p>
        <p className="mt-8 text-sm text-mute">
          {t('signIn.newHere')}{' '}
          <a
            href="/onboarding"
            className="font-semibold text-brand-text underline underline-offset-4"
          >
            {t('signIn.create')}
          </a>
        </p>
      </div>
      <form onSubmit={submit} className="card grid gap-6 self-start p-5 shadow-pop sm:p-7">
        <Choices
          row
          label={t('signIn.method')}
          value={method}
          onChange={(next) => {
            setMethod(next)
            setError(null)
          }}
          choices={[
            { value: 'file', label: t('signIn.byFile'), icon: <FileLock2 size={16} aria-hidden /> },
            {
              value: 'phrase',
              label: t('signIn.byPhrase'),
              icon: <ListOrdered size={16} aria-hidden />,
            },
          ]}
        />
        {method === 'file' ? (
          <>
            <FileField file={file} onChange={setFile} />
            <TextField
              label={t('signIn.password')}
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          </>
        ) : (
          <PhraseFields words={words} onChange={setWords} />
        )}
        {error ? (
          <p role="alert" className="rounded-md bg-danger-veil p-4 text-sm font-medium text-danger">
            {error}
          </p>
        ) : null}
        {step ? <Progress step={step} /> : null}
        <Button type="submit" look="brand" size="lg" busy={step !== null} disabled={!ready}>
          {t('signIn.submit')}
        </Button>
      </form>
    </div>
  )
}

function FileField({
  file,
  onChange,
}: {
  file: File | null
  onChange: (file: File | null) => void
}) {
  const t = useT()
  const id = useId()
  const [over, setOver] = useState(false)
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        onChange(event.dataTransfer.files[0] ?? null)
      }}
      className={cx(
        'flex flex-col items-center gap-2 rounded-lg border border-dashed px-4 py-8 text-center transition-colors',
        'has-focus-visible:outline-2 has-focus-visible:outline-brand-text hover:bg-raised',
        over ? 'border-brand-text bg-brand-veil' : 'border-line-strong',
      )}
    >
      <FileLock2 size={28} aria-hidden className={file ? 'text-brand-text' : 'text-mute'} />
      <span className="font-semibold">{file?.name ?? t('signIn.fileChoose')}</span>
      <span className="text-sm text-mute">{t('signIn.fileHint')}</span>
      <input
        id={id}
        type="file"
        accept=".pkarr,application/octet-stream"
        aria-label={t('signIn.file')}
        className="sr-only"
        onChange={(event) => onChange(event.target.files?.[0] ?? null)}
      />
    </label>
  )
}

function Progress({ step }: { step: Step }) {
  const t = useT()
  const at = STEPS.findIndex(({ name }) => name === step)
  return (
    <ol aria-live="polite" className="grid gap-2.5 text-sm">
      {STEPS.map(({ name, label }, index) => (
        <li
          key={name}
          aria-current={index === at ? 'step' : undefined}
          className={cx('flex items-center gap-3', index > at ? 'text-mute' : 'text-fg')}
        >
          <span className="grid size-5 place-items-center text-brand-text">
            {index < at ? (
              <Check size={17} strokeWidth={3} aria-hidden />
            ) : index === at ? (
              <Spinner />
            ) : null}
          </span>
          {t(label)}
        </li>
      ))}
    </ol>
  )
}
