'use client'

import { Check, ChevronRight, FileLock2, ListOrdered } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type ReactNode, useEffect, useState } from 'react'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useT } from '../../i18n/client.tsx'
import { useAccount } from '../../state/session/use-account.ts'
import { Button } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { FileDialog } from './file-dialog.tsx'
import { PhraseDialog } from './phrase-dialog.tsx'
import { StepFrame } from './step-frame.tsx'

type Method = 'phrase' | 'file'

/** Backs the root key up; when that is confirmed, the key leaves this browser. */
export function BackupStep() {
  const t = useT()
  const router = useRouter()
  const account = useAccount()
  const [open, setOpen] = useState<Method | null>(null)
  const [done, setDone] = useState<ReadonlySet<Method>>(new Set())
  const [confirming, setConfirming] = useState(false)
  const known = account !== 'unknown' && account !== null ? account : null

  useEffect(() => {
    if (account === null || known?.stage === 'created') router.replace('/onboarding/pubky')
    else if (known?.backup === 'done') leave()
  })

  // A full load when the app comes next: it starts with what happened here.
  function leave() {
    if (known?.stage === 'ready') location.assign('/home')
    else router.push('/onboarding/profile')
  }

  async function confirm() {
    if (!known) return
    const { confirmBackup } = await import('../../state/session/connection.ts')
    await confirmBackup(known.user)
    leave()
  }

  const finish = (method: Method) => setDone((now) => new Set([...now, method]))
  return (
    <StepFrame
      step="backup"
      lead={t('onboarding.backupTitleLead')}
      brand={t('onboarding.backupTitleBrand')}
      text={t('onboarding.backupText')}
    >
      <div className="grid gap-4">
        <MethodCard
          icon={<ListOrdered size={26} aria-hidden />}
          title={t('onboarding.backupPhrase')}
          text={t('onboarding.backupPhraseText')}
          done={done.has('phrase')}
          onOpen={() => setOpen('phrase')}
        />
        <MethodCard
          icon={<FileLock2 size={26} aria-hidden />}
          title={t('onboarding.backupFile')}
          text={t('onboarding.backupFileText')}
          done={done.has('file')}
          onOpen={() => setOpen('file')}
        />
        <div className="mt-4 flex flex-wrap gap-3">
          <Button
            look="brand"
            size="lg"
            disabled={done.size === 0}
            onClick={() => setConfirming(true)}
          >
            {t('onboarding.backupFinish')}
          </Button>
          <Button look="quiet" size="lg" onClick={leave}>
            {t('onboarding.backupLater')}
          </Button>
        </div>
      </div>
      {known && open === 'phrase' ? (
        <PhraseDialog
          user={known.user}
          onDone={() => finish('phrase')}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {known && open === 'file' ? (
        <FileDialog user={known.user} onDone={() => finish('file')} onClose={() => setOpen(null)} />
      ) : null}
      {confirming ? (
        <ConfirmDialog
          title={t('onboarding.backupConfirmTitle')}
          text={t('onboarding.backupConfirmText')}
          confirm={t('onboarding.backupConfirm')}
          onConfirm={() => void confirm()}
          onClose={() => setConfirming(false)}
        />
      ) : null}
    </StepFrame>
  )
}

interface MethodCardProps {
  icon: ReactNode
  title: string
  text: string
  done: boolean
  onOpen: () => void
}

function MethodCard({ icon, title, text, done, onOpen }: MethodCardProps) {
  const t = useT()
  return (
    <button
      type="button"
      onClick={onOpen}
      className="card flex w-full items-center gap-5 p-5 text-start transition-colors hover:border-line-strong"
    >
      <span
        className={cx(
          'grid size-14 shrink-0 place-items-center rounded-full',
          done ? 'bg-brand text-on-brand' : 'bg-brand-veil text-brand-text',
        )}
      >
        {done ? <Check size={26} strokeWidth={3} aria-hidden /> : icon}
      </span>
      <span className="grow">
        <span className="block text-lg font-semibold">{title}</span>
        <span className="text-sm text-mute">{text}</span>
      </span>
      {done ? (
        <span className="text-sm font-semibold text-brand-text">
          {t('onboarding.backupDoneBadge')}
        </span>
      ) : (
        <ChevronRight size={22} aria-hidden className="text-mute rtl:-scale-x-100" />
      )}
    </button>
  )
}
