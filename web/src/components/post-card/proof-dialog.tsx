'use client'

import { ShieldAlert, ShieldCheck, ShieldQuestionMark } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { useLocale, useT } from '../../i18n/client.tsx'
import { formatLocale, type MessageKey } from '../../i18n/types.ts'
import { checkProof, type ProofCheck } from '../../state/proof.ts'
import { useApi, useConfig } from '../../state/services.ts'
import { type PostView, shortKey } from '../../state/views.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Spinner } from '../../ui/spinner.tsx'

const VERDICTS = {
  valid: 'post.proofValid',
  invalid: 'post.proofInvalid',
  absent: 'post.proofAbsent',
} as const satisfies Record<ProofCheck['verdict'], MessageKey>

const CURRENCY = {
  newest: 'post.proofNewest',
  newer: 'post.proofNewer',
  unreachable: 'post.proofUnreachable',
} as const satisfies Record<ProofCheck['currency'], MessageKey>

/** Verifies a post in this browser and shows what came of it. */
export function ProofDialog({ view, onClose }: { view: PostView; onClose: () => void }) {
  const t = useT()
  const api = useApi()
  const config = useConfig()
  const [check, setCheck] = useState<ProofCheck | 'failed' | null>(null)

  useEffect(() => {
    const stop = new AbortController()
    checkProof(api, config, view, stop.signal).then(setCheck, () => {
      if (!stop.signal.aborted) setCheck('failed')
    })
    return () => stop.abort()
  }, [api, config, view])

  return (
    <Dialog open onClose={onClose} title={t('post.proofTitle')}>
      <div aria-live="polite" className="min-h-40">
        {check === null ? (
          <p className="flex items-center gap-3 py-8 text-sm text-mute">
            <Spinner className="text-brand-text" />
            {t('post.proofChecking')}
          </p>
        ) : check === 'failed' ? (
          <Verdict icon={<ShieldQuestionMark />} colour="text-mute" text={t('post.proofFailed')} />
        ) : (
          <Report check={check} />
        )}
      </div>
    </Dialog>
  )
}

function Verdict({ icon, colour, text }: { icon: ReactNode; colour: string; text: string }) {
  return (
    <p className="flex items-center gap-4 py-4 text-lg leading-snug">
      <span className={`${colour} [&>svg]:size-10`} aria-hidden>
        {icon}
      </span>
      {text}
    </p>
  )
}

function Report({ check }: { check: ProofCheck }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const { verdict, currency, details } = check
  const good = verdict === 'valid'
  const icon = good ? (
    <ShieldCheck />
  ) : verdict === 'absent' ? (
    <ShieldQuestionMark />
  ) : (
    <ShieldAlert />
  )
  const colour = good ? 'text-brand-text' : verdict === 'absent' ? 'text-mute' : 'text-danger'
  return (
    <>
      <Verdict icon={icon} colour={colour} text={t(VERDICTS[verdict])} />
      <p className="text-sm text-mute">{t(CURRENCY[currency])}</p>
      {details ? (
        <dl className="mt-5 grid gap-3 rounded-md bg-raised p-4 text-sm">
          <div>
            <dt className="text-xs text-mute">{t('post.proofSigner')}</dt>
            <dd>
              <span className="key">{shortKey(details.signer)}</span>
              {details.delegate ? `, ${t('post.proofDelegate')}` : null}
            </dd>
          </div>
          <div>
            <dt className="text-xs text-mute">{t('post.proofTime')}</dt>
            <dd>{new Date(details.atMs).toLocaleString(locale)}</dd>
          </div>
          <div>
            <dt className="text-xs text-mute">{t('post.proofHash')}</dt>
            <dd className="key text-xs break-all">{details.hash}</dd>
          </div>
        </dl>
      ) : null}
    </>
  )
}
