'use client'

import type { CopyCounts } from '@pubky/sdk/move-types'
import { CircleCheck, CirclePause, CopyCheck, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Time } from '../../../components/time.tsx'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale, type MessageKey } from '../../../i18n/types.ts'
import type { KeptMirror } from '../../../state/data/mirror-place.ts'
import type { MirrorStatus } from '../../../state/data/mirror-status.ts'
import { errorTextKey } from '../../../state/session/errors.ts'
import { shortKey } from '../../../state/views.ts'
import { Spinner } from '../../../ui/spinner.tsx'
import { Fact, Meter } from './card.tsx'

interface MirrorStateProps {
  status: MirrorStatus
  kept: KeptMirror | null
  isElsewhere: boolean
}

/** How fresh the copy is, what was copied, and what is wrong. */
export function MirrorState({ status, kept, isElsewhere }: MirrorStateProps) {
  const t = useT()
  const isRunning = status.state === 'fresh' || status.state === 'copying'
  const freshAtMs = kept?.freshAtMs ?? null
  return (
    <div className="rounded-md bg-raised p-4 text-sm">
      <div role="status" aria-label={t('mirror.status')}>
        <Headline status={status} isElsewhere={isElsewhere} />
      </div>
      {status.state === 'copying' && status.total > 0 ? (
        <div className="mt-3">
          <p className="mb-2 text-mute">
            {t('mirror.copyingText', { done: status.done, total: status.total })}
          </p>
          <Meter label={t('mirror.progress')} done={status.done} total={status.total} />
        </div>
      ) : null}
      {status.state === 'home' ? null : (
        <dl className="mt-3 divide-y border-t">
          {kept ? <Fact name={t('mirror.at')}>{shortKey(kept.to)}</Fact> : null}
          {status.state === 'fresh' ? (
            <Fact name={t('mirror.last')}>
              <Time atMs={status.atMs} />
            </Fact>
          ) : null}
          {kept && !isRunning ? (
            <Fact name={t('mirror.asOf')}>
              {freshAtMs === null ? t('mirror.never') : <Moment atMs={freshAtMs} />}
            </Fact>
          ) : null}
          {status.state === 'fresh' ? <Counts counts={status.counts} /> : null}
        </dl>
      )}
      {status.state === 'fresh' && status.counts.problems.length > 0 ? (
        <Problems counts={status.counts} />
      ) : null}
    </div>
  )
}

interface Said {
  icon: ReactNode
  title: MessageKey
  text: string | null
}

function Headline({ status, isElsewhere }: { status: MirrorStatus; isElsewhere: boolean }) {
  const { icon, title, text } = useSaid(status, isElsewhere)
  const t = useT()
  return (
    <div className="flex items-start gap-3">
      <span className="mt-0.5 grid size-5 shrink-0 place-items-center">{icon}</span>
      <div className="min-w-0">
        <p className="text-base font-semibold">{t(title)}</p>
        {text ? <p className="mt-0.5 text-soft">{text}</p> : null}
      </div>
    </div>
  )
}

function useSaid(status: MirrorStatus, isElsewhere: boolean): Said {
  const t = useT()
  const good = <CircleCheck size={20} aria-hidden className="text-brand-text" />
  const bad = <TriangleAlert size={20} aria-hidden className="text-warn" />
  if (isElsewhere)
    return {
      icon: <CopyCheck size={20} aria-hidden className="text-brand-text" />,
      title: 'mirror.elsewhere',
      text: t('mirror.elsewhereText'),
    }
  switch (status.state) {
    case 'opening':
      return { icon: <Spinner />, title: 'mirror.opening', text: null }
    case 'copying':
      return { icon: <Spinner />, title: 'mirror.copying', text: null }
    case 'fresh':
      return { icon: good, title: 'mirror.fresh', text: t('mirror.freshText') }
    case 'trouble': {
      const reason = t(errorTextKey(status.code))
      return { icon: bad, title: 'mirror.trouble', text: t('mirror.troubleText', { reason }) }
    }
    case 'failed':
      return { icon: bad, title: 'mirror.failed', text: t(errorTextKey(status.code)) }
    case 'home':
      return { icon: good, title: 'mirror.home', text: t('mirror.homeText') }
    default: {
      const icon = <CirclePause size={20} aria-hidden className="text-mute" />
      return { icon, title: 'mirror.paused', text: t('mirror.pausedText') }
    }
  }
}

function Moment({ atMs }: { atMs: number }) {
  const locale = formatLocale(useLocale())
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return <time dateTime={new Date(atMs).toISOString()}>{format.format(atMs)}</time>
}

function Counts({ counts }: { counts: CopyCounts }) {
  const t = useT()
  const number = new Intl.NumberFormat(formatLocale(useLocale()))
  return (
    <>
      <Fact name={t('mirror.copied')}>{number.format(counts.copied)}</Fact>
      {counts.same > 0 ? <Fact name={t('mirror.same')}>{number.format(counts.same)}</Fact> : null}
      {counts.deleted > 0 ? (
        <Fact name={t('mirror.deleted')}>{number.format(counts.deleted)}</Fact>
      ) : null}
    </>
  )
}

function Problems({ counts: { problems } }: { counts: CopyCounts }) {
  const t = useT()
  return (
    <>
      <p className="mt-3 font-medium text-warn">
        {t('mirror.problems', { count: problems.length })}
      </p>
      <ul className="mt-1 grid gap-1">
        {problems.map(({ path, code }) => (
          <li key={path}>
            <code className="text-xs break-all">{path}</code>{' '}
            <span className="text-mute">{t(errorTextKey(code))}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
