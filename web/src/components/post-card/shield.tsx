'use client'

import { ShieldAlert, ShieldCheck, ShieldQuestionMark } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useT } from '../../i18n/client.tsx'
import type { PostView, ProofState } from '../../state/views.ts'
import { IconButton } from '../../ui/button.tsx'
import { cx } from '../../ui/cx.ts'

const ProofDialog = lazy(() =>
  import('./proof-dialog.tsx').then((m) => ({ default: m.ProofDialog })),
)

const ICONS = {
  signed: ShieldCheck,
  unsigned: ShieldQuestionMark,
  stripped: ShieldAlert,
  revoked: ShieldAlert,
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
  stripped: 'text-warn!',
  revoked: 'text-danger!',
}

/** Whether a post is signed, as the indexer says; a press checks it in this browser. */
export function Shield({ view }: { view: PostView }) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const { proof } = view
  const Icon = ICONS[proof]
  return (
    <>
      <IconButton
        label={t(NAMES[proof])}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        className={cx('-my-1 -me-2', COLOURS[proof])}
      >
        <Icon size={18} aria-hidden />
      </IconButton>
      {open ? (
        <Suspense>
          <ProofDialog view={view} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  )
}
