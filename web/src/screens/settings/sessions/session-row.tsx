'use client'

import { AppWindow, ShieldAlert, Terminal } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { Time } from '../../../components/time.tsx'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import type { SignedIn } from '../../../state/data/signed-in.ts'
import { Button } from '../../../ui/button.tsx'
import { allowsEverything, capabilityText } from './capability-text.ts'

interface SessionRowProps {
  session: SignedIn
  name: string
  isEnding: boolean
  onEnd: () => void
}

/** One place where somebody is signed in. */
export function SessionRow({ session, name, isEnding, onEnd }: SessionRowProps) {
  const t = useT()
  const { client, isHere } = session
  const Icon = client === '' ? Terminal : AppWindow
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-4 py-5 sm:grid-cols-[auto_1fr_auto]">
      <span className="grid size-10 place-items-center rounded-full bg-raised text-soft">
        <Icon size={19} aria-hidden />
      </span>
      <div className="min-w-0">
        <h3 className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-base">
          <span className="min-w-0 wrap-anywhere">
            <bdi>{name}</bdi>
          </span>
          {isHere ? (
            <span className="rounded-full bg-brand-veil px-2.5 py-0.5 text-xs font-semibold text-brand-text">
              {t('sessions.here')}
            </span>
          ) : null}
        </h3>
        {client !== '' && client !== name ? (
          <p className="text-xs text-mute wrap-anywhere">
            <bdi className="key">{client}</bdi>
          </p>
        ) : null}
        <Rights capabilities={session.capabilities} />
      </div>
      <Facts session={session} />
      {isHere ? (
        <p className="col-start-2 mt-3 text-xs sm:col-end-4">
          <Link href="/settings/account" className="font-semibold underline underline-offset-4">
            {t('sessions.hereText')}
          </Link>
        </p>
      ) : (
        <div className="col-start-2 mt-4 sm:col-start-3 sm:row-start-1 sm:mt-0">
          <Button
            size="sm"
            look="outline"
            busy={isEnding}
            aria-label={t('sessions.endName', { name })}
            onClick={onEnd}
          >
            {t('sessions.end')}
          </Button>
        </div>
      )}
    </li>
  )
}

function Rights({ capabilities }: { capabilities: readonly string[] }) {
  const t = useT()
  if (capabilities.length === 0)
    return <p className="mt-1.5 text-sm text-soft">{t('sessions.mayNothing')}</p>
  return (
    <ul aria-label={t('sessions.may')} className="mt-1.5 grid gap-1 text-sm text-soft">
      {capabilities.map((one) => (
        <li key={one} className="flex items-start gap-2">
          {allowsEverything(one) ? (
            <ShieldAlert size={17} aria-hidden className="mt-0.5 shrink-0 text-warn" />
          ) : null}
          <span className="min-w-0 wrap-anywhere">{capabilityText(t, one)}</span>
        </li>
      ))}
    </ul>
  )
}

function Facts({ session }: { session: SignedIn }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const { kind, createdMs, lastUsedMs, expiresMs } = session
  return (
    <dl className="col-start-2 mt-3 grid grid-cols-2 gap-x-4 gap-y-2.5 text-xs sm:col-end-4 md:grid-cols-4">
      <Fact name={t('sessions.lastUsed')}>
        {lastUsedMs === null ? t('sessions.never') : <Time atMs={lastUsedMs} />}
      </Fact>
      <Fact name={t('sessions.since')}>{day.format(createdMs)}</Fact>
      <Fact name={t('sessions.until')}>
        {expiresMs === null ? t('sessions.untilNever') : day.format(expiresMs)}
      </Fact>
      <Fact name={t('sessions.by')}>
        {t(kind === 'grant' ? 'sessions.byGrant' : 'sessions.byCookie')}
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-mute">{name}</dt>
      <dd className="font-medium">{children}</dd>
    </div>
  )
}
