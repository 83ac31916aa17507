'use client'

import { AppWindow, ShieldAlert, Terminal } from 'lucide-react'
import Link from 'next/link'
import { Time } from '../../../components/time.tsx'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import type { SignedIn } from '../../../state/data/signed-in.ts'
import { Button } from '../../../ui/button.tsx'
import { Badge, HolderFact, HolderRow } from '../holder-row.tsx'
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
    <HolderRow
      icon={<Icon size={19} aria-hidden />}
      name={name}
      badge={isHere ? <Badge>{t('sessions.here')}</Badge> : null}
      about={
        <>
          {client !== '' && client !== name ? (
            <p className="text-xs text-mute wrap-anywhere">
              <bdi className="key">{client}</bdi>
            </p>
          ) : null}
          <Rights capabilities={session.capabilities} />
        </>
      }
      facts={<Facts session={session} />}
      note={
        isHere ? (
          <Link href="/settings/account" className="font-semibold underline underline-offset-4">
            {t('sessions.hereText')}
          </Link>
        ) : null
      }
      action={
        isHere ? null : (
          <Button
            size="sm"
            look="outline"
            busy={isEnding}
            aria-label={t('sessions.endName', { name })}
            onClick={onEnd}
          >
            {t('sessions.end')}
          </Button>
        )
      }
    />
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
    <>
      <HolderFact name={t('sessions.lastUsed')}>
        {lastUsedMs === null ? t('sessions.never') : <Time atMs={lastUsedMs} />}
      </HolderFact>
      <HolderFact name={t('sessions.since')}>{day.format(createdMs)}</HolderFact>
      <HolderFact name={t('sessions.until')}>
        {expiresMs === null ? t('sessions.untilNever') : day.format(expiresMs)}
      </HolderFact>
      <HolderFact name={t('sessions.by')}>
        {t(kind === 'grant' ? 'sessions.byGrant' : 'sessions.byCookie')}
      </HolderFact>
    </>
  )
}
