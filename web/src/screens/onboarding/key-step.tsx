'use client'

import { Copy, Share2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useCopy } from '../../components/use-copy.ts'
import { useT } from '../../i18n/client.tsx'
import { useConfig } from '../../state/services.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { useAccount } from '../../state/session/use-account.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { Keyprint } from '../../ui/keyprint.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { StepFrame } from './step-frame.tsx'

/** Makes the key at once and creates the account with it. */
export function KeyStep() {
  const t = useT()
  const router = useRouter()
  const config = useConfig()
  const account = useAccount()
  const [user, setUser] = useState<string | null>(null)
  const [code, setCode] = useState('')
  const [host, setHost] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const started = useRef(false)

  useEffect(() => {
    if (account === 'unknown' || started.current) return
    if (account?.stage === 'profile') return router.replace('/onboarding/profile')
    started.current = true
    import('../../state/session/connection.ts')
      .then(({ makeRoot }) => makeRoot())
      .then(setUser, (failed: unknown) => {
        const found = errorCode(failed)
        setError(found === 'storage' ? 'onboarding.cannotStore' : errorTextKey(found))
      })
  }, [account, router])

  const homeserver = host.trim() || config.homeserver

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (!user || !homeserver || busy) return
    setBusy(true)
    setError(null)
    try {
      const { signUp } = await import('../../state/session/connection.ts')
      await signUp(config, { user, homeserver, ...(code.trim() ? { token: code.trim() } : {}) })
      router.push('/onboarding/backup')
    } catch (failed) {
      setError(errorTextKey(errorCode(failed)))
      setBusy(false)
    }
  }

  return (
    <StepFrame
      step="key"
      lead={t('onboarding.keyTitleLead')}
      brand={t('onboarding.keyTitleBrand')}
      text={t('onboarding.keyText')}
    >
      <form method="dialog" onSubmit={submit} className="grid gap-6">
        <KeyCard user={user} />
        {config.signupCode ? (
          <TextField
            label={t('onboarding.signupCode')}
            hint={t('onboarding.signupCodeHint')}
            value={code}
            autoComplete="off"
            spellCheck={false}
            placeholder="XXXX-XXXX-XXXX"
            onChange={(text) => setCode(text.toUpperCase())}
          />
        ) : null}
        <details className="group" open={config.homeserver === null || undefined}>
          <summary className="touch w-fit text-sm font-medium text-mute hover:text-fg">
            {t('onboarding.customHost')}
          </summary>
          <TextField
            className="mt-4"
            label={t('onboarding.customHostLabel')}
            hint={t('onboarding.customHostHint')}
            value={host}
            autoComplete="off"
            spellCheck={false}
            dir="ltr"
            placeholder={config.homeserver ?? ''}
            onChange={setHost}
          />
          {config.signupCode ? null : (
            <TextField
              className="mt-4"
              label={t('onboarding.signupCode')}
              value={code}
              autoComplete="off"
              spellCheck={false}
              onChange={(text) => setCode(text.toUpperCase())}
            />
          )}
        </details>
        {error ? (
          <p role="alert" className="rounded-md bg-danger-veil p-4 text-sm font-medium text-danger">
            {t(error as 'errors.unknown')}
          </p>
        ) : null}
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" look="brand" size="lg" busy={busy} disabled={!user || !homeserver}>
            {t(busy ? 'onboarding.creating' : 'onboarding.createAccount')}
          </Button>
          <a href="/sign-in" className={buttonClass('quiet', 'lg')}>
            {t('onboarding.haveKey')}
          </a>
        </div>
        <p className="text-xs text-mute">{t('onboarding.terms')}</p>
      </form>
    </StepFrame>
  )
}

function KeyCard({ user }: { user: string | null }) {
  const t = useT()
  const copy = useCopy()
  if (!user)
    return (
      <div
        className="card flex items-center gap-6 p-6"
        role="status"
        aria-label={t('onboarding.keyMaking')}
      >
        <Skeleton className="size-24 rounded-full" />
        <div className="grow space-y-3">
          <Skeleton className="h-4 w-32" />
          <Skeleton className="h-5 w-full" />
          <Skeleton className="h-5 w-2/3" />
        </div>
      </div>
    )
  return (
    <div className="card flex animate-rise flex-wrap items-center gap-6 p-6 shadow-pop">
      <span
        className="size-24 shrink-0 overflow-hidden rounded-full"
        title={t('onboarding.keyFace')}
      >
        <Keyprint userId={user} className="size-full" />
      </span>
      <div className="min-w-0 grow basis-56">
        <p className="text-sm text-mute">{t('onboarding.keyLabel')}</p>
        <p
          className="key mt-1 text-base leading-snug font-medium break-all select-all"
          data-testid="public-key"
        >
          {user}
        </p>
        <div className="mt-3 flex gap-2">
          <Button
            look="outline"
            size="sm"
            icon={<Copy size={15} aria-hidden />}
            onClick={() => copy(user)}
          >
            {t('common.copy')}
          </Button>
          <Button
            look="outline"
            size="sm"
            icon={<Share2 size={15} aria-hidden />}
            onClick={() => {
              const text = `pubky${user}`
              if (!navigator.share) return copy(text)
              // Closing the sheet is not a failure.
              navigator.share({ text }).catch(() => {})
            }}
          >
            {t('common.share')}
          </Button>
        </div>
      </div>
    </div>
  )
}
