'use client'

import type { MoveProgress } from '@pubky/sdk/move-types'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import { Button } from '../../../ui/button.tsx'
import { StepList } from '../../../ui/step-list.tsx'
import { Meter } from './card.tsx'

const FROZEN = ['copy', 'freeze', 'publish'] as const
const ARCHIVE = ['copy', 'publish'] as const
const FOLLOWED = ['copy', 'publish', 'follow'] as const
type Step = 'open' | keyof typeof NAMES

const NAMES = {
  copy: 'data.stepCopy',
  freeze: 'data.stepFreeze',
  publish: 'data.stepPublish',
  follow: 'data.stepFollow',
} as const

/** How far a move has come. */
export function MoveSteps({
  progress,
  fromArchive,
  onStop,
}: {
  progress: MoveProgress | null
  fromArchive: boolean
  onStop: () => void
}) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const step = progress?.step ?? 'open'
  const steps: readonly Step[] = [
    'open',
    ...(fromArchive ? ARCHIVE : step === 'follow' ? FOLLOWED : FROZEN),
  ]
  const at = step === 'done' ? steps.length : steps.indexOf(step)
  const isCounted = progress !== null && progress.total > 0 && step !== 'follow'
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' })
  return (
    <div className="grid gap-4">
      <StepList
        label={t('data.moveSteps')}
        at={at}
        steps={steps.map((name) =>
          name === 'open'
            ? t('data.stepOpen')
            : t(NAMES[name], { time: time.format(progress?.total ?? 0) }),
        )}
      />
      {isCounted ? (
        <div>
          <p className="mb-2 text-sm text-mute">
            {t('data.exportProgress', { done: progress.done, total: progress.total })}
          </p>
          <Meter label={t('data.moveSteps')} done={progress.done} total={progress.total} />
        </div>
      ) : null}
      <p className="text-sm text-mute">{t('data.stay')}</p>
      <Button look="outline" className="justify-self-start" onClick={onStop}>
        {t('data.stop')}
      </Button>
    </div>
  )
}
