'use client'

import { type FormEvent, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import { useConfig } from '../../state/services.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { Button } from '../../ui/button.tsx'
import { StepList } from '../../ui/step-list.tsx'
import { isEntered, type KeyEntry, KeyFields, NO_KEY, readEntry } from './key-fields.tsx'

type Step = 'open' | 'find' | 'grant' | 'profile'

const STEPS = [
  { name: 'open', label: 'signIn.stepOpen' },
  { name: 'find', label: 'signIn.stepFind' },
  { name: 'grant', label: 'signIn.stepGrant' },
  { name: 'profile', label: 'signIn.stepProfile' },
] as const

/** Opens a recovery file or phrase here and gives this browser a key of its own. */
export function SignIn() {
  const t = useT()
  const config = useConfig()
  const [entry, setEntry] = useState<KeyEntry>(NO_KEY)
  const [step, setStep] = useState<Step | null>(null)
  const [error, setError] = useState<string | null>(null)

  async function signIn(): Promise<{ hasProfile: boolean } | string> {
    const secret = await readEntry(entry, t)
    if (typeof secret === 'string') return secret
    const connection = await import('../../state/session/connection.ts')
    return connection.signIn(config, secret, setStep)
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
      <form
        method="dialog"
        onSubmit={submit}
        className="card grid gap-6 self-start p-5 shadow-pop sm:p-7"
      >
        <KeyFields
          entry={entry}
          onChange={(change) => {
            setEntry((now) => ({ ...now, ...change }))
            setError(null)
          }}
        />
        {error ? (
          <p role="alert" className="rounded-md bg-danger-veil p-4 text-sm font-medium text-danger">
            {error}
          </p>
        ) : null}
        {step ? <Progress step={step} /> : null}
        <Button
          type="submit"
          look="brand"
          size="lg"
          busy={step !== null}
          disabled={!isEntered(entry)}
        >
          {t('signIn.submit')}
        </Button>
      </form>
    </div>
  )
}

function Progress({ step }: { step: Step }) {
  const t = useT()
  const at = STEPS.findIndex(({ name }) => name === step)
  return <StepList steps={STEPS.map(({ label }) => t(label))} at={at} />
}
