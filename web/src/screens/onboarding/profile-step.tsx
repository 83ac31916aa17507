'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import type { Upload } from '../../state/outbox/actions.ts'
import { useConfig } from '../../state/services.ts'
import { errorCode, errorTextKey } from '../../state/session/errors.ts'
import { useAccount } from '../../state/session/use-account.ts'
import { Button } from '../../ui/button.tsx'
import { TextArea, TextField } from '../../ui/text-field.tsx'
import { PictureField } from './picture-field.tsx'
import { StepFrame } from './step-frame.tsx'

const SHORTEST_NAME = 3
const LONGEST_NAME = 50
const LONGEST_BIO = 160

/** Name and picture; afterwards the app opens at once. */
export function ProfileStep() {
  const t = useT()
  const router = useRouter()
  const config = useConfig()
  const account = useAccount()
  const [name, setName] = useState('')
  const [bio, setBio] = useState('')
  const [picture, setPicture] = useState<Upload | null>(null)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const known = account !== 'unknown' && account !== null ? account : null

  useEffect(() => {
    if (account === null || known?.stage === 'created') router.replace('/onboarding/pubky')
    // Only when one comes here again; the step itself leaves when it has saved.
    else if (known?.stage === 'ready' && !busy) location.assign('/home')
  }, [account, known, busy, router])

  const nameLength = [...name.trim()].length
  const bioLength = [...bio.trim()].length
  const nameError =
    nameLength > LONGEST_NAME
      ? t('onboarding.nameTooLong')
      : tried && nameLength < SHORTEST_NAME
        ? t('onboarding.nameTooShort')
        : null
  const bioError = bioLength > LONGEST_BIO ? t('onboarding.bioTooLong') : null

  async function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (!known || busy || nameLength < SHORTEST_NAME || nameError || bioError) return
    setBusy(true)
    setError(null)
    try {
      const { saveFirstProfile } = await import('../../state/session/first-profile.ts')
      const draft = {
        name: name.trim(),
        bio: bio.trim() || null,
        links: null,
        status: null,
        image: null,
        picture,
      }
      await saveFirstProfile(config, known, draft)
      location.assign('/home')
    } catch (failed) {
      setError(errorCode(failed))
      setBusy(false)
    }
  }

  return (
    <StepFrame
      step="profile"
      lead={t('onboarding.profileTitleLead')}
      brand={t('onboarding.profileTitleBrand')}
      text={t('onboarding.profileText')}
    >
      <form method="dialog" onSubmit={submit} noValidate className="grid gap-6">
        <PictureField userId={known?.user ?? ''} picture={picture} onChange={setPicture} />
        <TextField
          label={t('onboarding.name')}
          hint={t('onboarding.nameHint')}
          error={nameError}
          value={name}
          autoComplete="nickname"
          dir="auto"
          end={`${nameLength}/${LONGEST_NAME}`}
          onChange={setName}
        />
        <TextArea
          label={`${t('onboarding.bio')} (${t('common.optional')})`}
          error={bioError}
          value={bio}
          hint={`${bioLength}/${LONGEST_BIO}`}
          onChange={setBio}
        />
        {error ? (
          <p role="alert" className="rounded-md bg-danger-veil p-4 text-sm font-medium text-danger">
            {t(errorTextKey(error))}
          </p>
        ) : null}
        <Button
          type="submit"
          look="brand"
          size="lg"
          busy={busy}
          disabled={!known}
          className="justify-self-start"
        >
          {t(busy ? 'onboarding.finishing' : 'onboarding.finish')}
        </Button>
      </form>
    </StepFrame>
  )
}
