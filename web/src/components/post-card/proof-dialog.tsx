'use client'

import {
  type LucideIcon,
  ShieldAlert,
  ShieldCheck,
  ShieldQuestionMark,
  ShieldX,
} from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { useLocale, useT } from '../../i18n/client.tsx'
import { formatLocale, type MessageKey } from '../../i18n/types.ts'
import { checkProof, type ProofCheck, type ProofDetails, type Shown } from '../../state/proof.ts'
import { useApi, useConfig } from '../../state/services.ts'
import { shortKey } from '../../state/views.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Spinner } from '../../ui/spinner.tsx'

/** How a verdict looks, what it says, and what follows from it. */
const VERDICTS = {
  valid: { Icon: ShieldCheck, colour: 'text-brand-text', text: 'post.proofValid', more: null },
  invalid: { Icon: ShieldX, colour: 'text-danger', text: 'post.proofInvalid', more: null },
  absent: { Icon: ShieldQuestionMark, colour: 'text-mute', text: 'post.proofAbsent', more: null },
  stripped: {
    Icon: ShieldAlert,
    colour: 'text-warn',
    text: 'post.proofDue',
    more: 'post.proofDueText',
  },
  revoked: {
    Icon: ShieldX,
    colour: 'text-danger',
    text: 'post.proofTakenBack',
    more: 'post.proofTakenBackText',
  },
} as const satisfies Record<
  ProofCheck['verdict'],
  { Icon: LucideIcon; colour: string; text: MessageKey; more: MessageKey | null }
>

const CURRENCY = {
  newest: 'post.proofNewest',
  newer: 'post.proofNewer',
  unreachable: 'post.proofUnreachable',
} as const satisfies Record<ProofCheck['currency'], MessageKey>

/** Verifies a post or profile in this browser and shows what came of it. */
export function ProofDialog({ kind, view, onClose }: Shown & { onClose: () => void }) {
  const t = useT()
  const api = useApi()
  const config = useConfig()
  const [check, setCheck] = useState<ProofCheck | 'failed' | null>(null)

  useEffect(() => {
    const stop = new AbortController()
    checkProof(api, config, { kind, view } as Shown, stop.signal).then(setCheck, () => {
      if (!stop.signal.aborted) setCheck('failed')
    })
    return () => stop.abort()
  }, [api, config, kind, view])

  return (
    <Dialog
      open
      onClose={onClose}
      title={t(kind === 'post' ? 'post.proofTitle' : 'post.proofTitleProfile')}
    >
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

interface VerdictProps {
  icon: ReactNode
  colour: string
  text: string
}

function Verdict({ icon, colour, text }: VerdictProps) {
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
  const { Icon, colour, text, more } = VERDICTS[check.verdict]
  return (
    <>
      <Verdict icon={<Icon />} colour={colour} text={t(text)} />
      {more ? <p className="mb-3 text-sm text-soft">{t(more)}</p> : null}
      <p className="text-sm text-mute">{t(CURRENCY[check.currency])}</p>
      {check.details ? <Details details={check.details} /> : null}
    </>
  )
}

function Details({ details }: { details: ProofDetails }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const { signer, app, atMs, hash, revokedAtMs } = details
  const moment = (ms: number) => new Date(ms).toLocaleString(locale)
  return (
    <dl className="mt-5 grid gap-3 rounded-md bg-raised p-4 text-sm">
      <Fact name={t('post.proofSigner')}>
        <span className="key">{shortKey(signer)}</span>
        {app === null ? null : `, ${t('post.proofDelegate')}`}
      </Fact>
      {app === null ? null : (
        <Fact name={t('post.proofApp')}>
          <bdi>{app}</bdi>
        </Fact>
      )}
      <Fact name={t('post.proofTime')}>{moment(atMs)}</Fact>
      {revokedAtMs === null ? null : (
        <Fact name={t('post.proofRevokedAt')}>{moment(revokedAtMs)}</Fact>
      )}
      <Fact name={t('post.proofHash')}>
        <span className="key text-xs break-all">{hash}</span>
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-mute">{name}</dt>
      <dd className="wrap-anywhere">{children}</dd>
    </div>
  )
}
