'use client'

import type { PublicKeyZ32 } from '@pubky/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useT } from '../../../i18n/client.tsx'
import type { Revoked } from '../../../state/data/key-rules.ts'
import type { SigningKey } from '../../../state/data/signing-keys.ts'
import { signingKeysKey } from '../../../state/queries/signing-keys.ts'
import { useConfig } from '../../../state/services.ts'
import type { Account } from '../../../state/session/accounts.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Choices } from '../../../ui/segmented.tsx'
import { Spinner } from '../../../ui/spinner.tsx'
import { TextField } from '../../../ui/text-field.tsx'
import { Meter } from '../data/card.tsx'
import { Unlock } from '../data/unlock.tsx'
import { useJob } from '../data/use-job.ts'
import { RevokeReport } from './revoke-report.tsx'

interface RevokeDialogProps {
  account: Account
  signing: SigningKey
  name: string
  /** The key of this browser, which then is signed out. */
  isHere: boolean
  onClose: () => void
}

/** Says what revoking means, asks from when on, and does it with the person's own key. */
export function RevokeDialog({ account, signing, name, isHere, onClose }: RevokeDialogProps) {
  const t = useT()
  const config = useConfig()
  const client = useQueryClient()
  const { job, run } = useJob<{ done: number; total: number }, Revoked>()
  const { revokedAtMs } = signing
  const [isEarlier, setEarlier] = useState(revokedAtMs !== null)
  const [moment, setMoment] = useState('')
  const fromMs = isEarlier ? new Date(moment).getTime() : null
  // What was said to hold no longer cannot hold again.
  const isTooLate = fromMs !== null && fromMs > (revokedAtMs ?? Date.now())
  const isBusy = job.state === 'running'
  const isDone = job.state === 'done'

  function revoke(secret: RootSecret) {
    void run(async (o) => {
      const { revokeKey } = await import('../../../state/data/key-rules.ts')
      const key = signing.key as PublicKeyZ32
      const done = await revokeKey({ ...o, config, account, secret, key, fromMs })
      await client.invalidateQueries({ queryKey: signingKeysKey(account.user) })
      return done
    })
  }

  async function signInAgain() {
    const { signOut } = await import('../../../state/session/sign-out.ts')
    await signOut(config, account)
    location.assign('/sign-in')
  }

  return (
    <Dialog
      open
      onClose={isBusy ? () => {} : isDone && isHere ? () => void signInAgain() : onClose}
      title={t(isDone ? 'signing.doneTitle' : 'signing.dialogTitle', { name })}
      {...(isDone ? {} : { description: t('signing.dialogAbout') })}
      {...(isDone && {
        footer: isHere ? (
          <Button look="brand" onClick={() => void signInAgain()}>
            {t('signing.signInAgain')}
          </Button>
        ) : (
          <Button onClick={onClose}>{t('common.done')}</Button>
        ),
      })}
    >
      {isBusy ? (
        <div role="status" className="flex items-start gap-3 py-8">
          <Spinner className="mt-1 text-brand-text" />
          <div className="min-w-0 grow">
            <p className="font-semibold">{t('signing.working')}</p>
            <p className="mb-3 text-sm text-mute">{t('signing.workingText')}</p>
            <Meter
              label={t('signing.progress')}
              done={job.progress?.done ?? 0}
              total={job.progress?.total ?? null}
            />
          </div>
        </div>
      ) : null}
      {isDone ? <RevokeReport done={job.result} isHere={isHere} /> : null}
      {/* What was entered stays until it has worked. */}
      <div hidden={isBusy || isDone}>
        <Unlock
          danger
          text={t('signing.unlockText')}
          submit={t('signing.revokeRun')}
          ready={!isEarlier || (!isTooLate && Number.isFinite(fromMs))}
          failed={job.state === 'failed' ? job : null}
          onUnlock={revoke}
          aside={
            <Button look="quiet" onClick={onClose}>
              {t('common.cancel')}
            </Button>
          }
        >
          <Meaning name={name} isHere={isHere} />
          <div className="grid gap-3">
            <h3 className="text-base">{t('signing.since')}</h3>
            {revokedAtMs === null ? (
              <Choices
                row
                label={t('signing.since')}
                value={isEarlier ? 'earlier' : 'now'}
                onChange={(choice) => setEarlier(choice === 'earlier')}
                choices={[
                  { value: 'now', label: t('signing.sinceNow') },
                  { value: 'earlier', label: t('signing.sinceEarlier') },
                ]}
              />
            ) : null}
            {isEarlier ? (
              <TextField
                label={t('signing.moment')}
                type="datetime-local"
                step={1}
                value={moment}
                hint={t('signing.momentHint')}
                error={
                  isTooLate
                    ? t(revokedAtMs === null ? 'signing.momentFuture' : 'signing.momentLater')
                    : null
                }
                onChange={setMoment}
              />
            ) : null}
          </div>
        </Unlock>
      </div>
    </Dialog>
  )
}

function Meaning({ name, isHere }: { name: string; isHere: boolean }) {
  const t = useT()
  const said = [
    ['signing.before', t('signing.beforeText')],
    ['signing.after', t('signing.afterText')],
    ['signing.out', isHere ? t('signing.outHere') : t('signing.outText', { name })],
  ] as const
  return (
    <dl className="grid gap-3 rounded-md bg-raised p-4 text-sm sm:grid-cols-[auto_1fr] sm:gap-x-5">
      {said.map(([what, text]) => (
        <div key={what} className="sm:contents">
          <dt className="font-semibold">{t(what)}</dt>
          <dd className="text-soft">{text}</dd>
        </div>
      ))}
    </dl>
  )
}
