'use client'

import { useQueryClient } from '@tanstack/react-query'
import { ShieldCheck, ShieldQuestionMark } from 'lucide-react'
import { useState } from 'react'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import { signingKeysKey } from '../../../state/queries/signing-keys.ts'
import { useConfig } from '../../../state/services.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { useViewerSession } from '../../../state/session/viewer.tsx'
import { Button } from '../../../ui/button.tsx'
import { Spinner } from '../../../ui/spinner.tsx'
import { showToast } from '../../../ui/toast.tsx'
import { Card } from '../data/card.tsx'
import { Unlock } from '../data/unlock.tsx'
import { useJob } from '../data/use-job.ts'

/** Whether everything that apps write for a person has to be signed. */
export function Policy({ user, sinceMs }: { user: string; sinceMs: number | null }) {
  const t = useT()
  const config = useConfig()
  const client = useQueryClient()
  const { account } = useViewerSession()
  const { job, run } = useJob<never, void>()
  const [isAsked, setAsked] = useState(false)
  const isOn = sinceMs !== null
  const isBusy = job.state === 'running'

  function change(secret: RootSecret) {
    void run(async ({ signal }) => {
      if (!account) throw new Error('nobody is signed in')
      const { requireSignatures } = await import('../../../state/data/key-rules.ts')
      await requireSignatures({ config, account, secret, signal, isOn: !isOn })
      await client.invalidateQueries({ queryKey: signingKeysKey(user) })
      setAsked(false)
      showToast('good', t(isOn ? 'signing.policyDoneOff' : 'signing.policyDoneOn'))
    })
  }

  return (
    <Card title={t('signing.policy')} text={t('signing.policyText')}>
      <State sinceMs={sinceMs} />
      {isBusy ? (
        <p role="status" className="mt-5 flex items-center gap-3 text-sm">
          <Spinner className="text-brand-text" />
          {t('signing.policyWorking')}
        </p>
      ) : null}
      {isAsked ? (
        <div hidden={isBusy} className="mt-5">
          <Unlock
            text={t('signing.policyUnlock')}
            submit={t(isOn ? 'signing.policyStop' : 'signing.policyStart')}
            failed={job.state === 'failed' ? job : null}
            onUnlock={change}
            aside={
              <Button look="quiet" onClick={() => setAsked(false)}>
                {t('common.cancel')}
              </Button>
            }
          >
            {isOn ? null : (
              <ul
                aria-label={t('signing.policyFacts')}
                className="grid list-disc gap-1.5 ps-5 text-sm text-soft"
              >
                <li>{t('signing.policyFact1')}</li>
                <li>{t('signing.policyFact2')}</li>
                <li>{t('signing.policyFact3')}</li>
              </ul>
            )}
          </Unlock>
        </div>
      ) : (
        <Button look="outline" className="mt-5" onClick={() => setAsked(true)}>
          {t(isOn ? 'signing.policyStop' : 'signing.policyStart')}
        </Button>
      )}
    </Card>
  )
}

function State({ sinceMs }: { sinceMs: number | null }) {
  const t = useT()
  const day = new Intl.DateTimeFormat(formatLocale(useLocale()), { dateStyle: 'medium' })
  const isOn = sinceMs !== null
  const Icon = isOn ? ShieldCheck : ShieldQuestionMark
  return (
    <div role="status" className="flex items-start gap-3 rounded-md bg-raised p-4 text-sm">
      <Icon
        size={20}
        aria-hidden
        className={`mt-0.5 shrink-0 ${isOn ? 'text-brand-text' : 'text-mute'}`}
      />
      <div className="min-w-0">
        <p className="text-base font-semibold">
          {isOn ? t('signing.policyOn', { day: day.format(sinceMs) }) : t('signing.policyOff')}
        </p>
        <p className="mt-0.5 text-soft">
          {t(isOn ? 'signing.policyOnText' : 'signing.policyOffText')}
        </p>
      </div>
    </div>
  )
}
