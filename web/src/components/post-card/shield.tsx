'use client'

import { ChevronRight, ShieldAlert, ShieldCheck, ShieldQuestionMark, ShieldX } from 'lucide-react'
import { Suspense, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import type { Shown } from '../../state/proof.ts'
import type { ProofState } from '../../state/views.ts'
import { IconButton } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'
import { part } from '../../ui/part.ts'

const ProofDialog = part(() => import('./proof-dialog.tsx').then((m) => m.ProofDialog))

const ICONS = {
  signed: ShieldCheck,
  unsigned: ShieldQuestionMark,
  stripped: ShieldAlert,
  revoked: ShieldX,
} as const

const NAMES = {
  signed: 'post.proofSigned',
  unsigned: 'post.proofUnsigned',
  stripped: 'post.proofStripped',
  revoked: 'post.proofRevoked',
} as const

const COLOURS: Record<ProofState, string> = {
  signed: 'text-brand-text!',
  unsigned: 'text-mute!',
  stripped: 'bg-raised text-warn',
  revoked: 'bg-danger-veil text-danger',
}

/**
 * Whether a post or profile is signed, as the indexer says; a press checks it in this browser. What one should know
 * before reading on takes a line of its own.
 */
export function Shield({ onlyBad, ...shown }: Shown & { onlyBad?: boolean }) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const { proof } = shown.view
  const Icon = ICONS[proof]
  const isBad = proof === 'stripped' || proof === 'revoked'
  if (onlyBad && !isBad) return null
  const press = { 'aria-haspopup': 'dialog', onClick: () => setOpen(true) } as const
  return (
    <>
      {isBad ? (
        <button
          type="button"
          {...press}
          className={cx(
            'touch order-last flex basis-full items-center gap-2 rounded-md px-3 py-2 text-start text-sm font-medium hover:underline',
            COLOURS[proof],
          )}
        >
          <Icon size={18} aria-hidden className="shrink-0" />
          <span className="min-w-0 grow">{t(NAMES[proof])}</span>
          <ChevronRight size={16} aria-hidden className="shrink-0 rtl:-scale-x-100" />
        </button>
      ) : (
        <IconButton
          label={t(NAMES[proof])}
          {...press}
          className={cx('-my-1 -me-2', COLOURS[proof])}
        >
          <Icon size={18} aria-hidden />
        </IconButton>
      )}
      {open ? (
        <Suspense>
          <ProofDialog {...shown} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  )
}
