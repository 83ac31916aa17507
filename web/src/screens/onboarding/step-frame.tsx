'use client'

import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { useT } from '../../i18n/client.tsx'
import { cx } from '../../ui/cx.ts'

export type StepName = 'key' | 'backup' | 'profile'

const STEPS = [
  { name: 'key', label: 'onboarding.stepKey' },
  { name: 'backup', label: 'onboarding.stepBackup' },
  { name: 'profile', label: 'onboarding.stepProfile' },
] as const

interface StepFrameProps {
  step: StepName
  lead: string
  brand: string
  text: string
  children: ReactNode
}

/** Headline beside the step's content, with the way through all three above it. */
export function StepFrame({ step, lead, brand, text, children }: StepFrameProps) {
  const t = useT()
  const at = STEPS.findIndex(({ name }) => name === step)
  return (
    <div className="mx-auto max-w-5xl pt-2 lg:pt-10">
      <ol
        className="mb-10 flex gap-2"
        aria-label={t('onboarding.stepOf', { step: at + 1, total: 3 })}
      >
        {STEPS.map(({ name, label }, index) => (
          <li
            key={name}
            aria-current={index === at ? 'step' : undefined}
            className={cx(
              'flex grow basis-0 items-center gap-2 border-t-2 pt-3 text-sm font-medium',
              index <= at ? 'border-brand' : 'border-line',
              index === at ? 'text-fg' : 'text-mute',
            )}
          >
            {index < at ? (
              <Check size={16} strokeWidth={3} aria-hidden className="text-brand-text" />
            ) : null}
            {t(label)}
          </li>
        ))}
      </ol>
      <div className="grid gap-x-16 gap-y-10 lg:grid-cols-[1fr_1.1fr]">
        <div>
          <h1 className="display text-3xl">
            <span className="block">{lead}</span>
            <span className="block text-brand-text">{brand}</span>
          </h1>
          <p className="mt-5 max-w-[46ch] text-soft">{text}</p>
        </div>
        <div className="min-w-0">{children}</div>
      </div>
    </div>
  )
}
