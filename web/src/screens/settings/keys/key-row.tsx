'use client'

import { AppWindow, Copy, KeyRound, ShieldX } from 'lucide-react'
import { Time } from '../../../components/time.tsx'
import { useCopy } from '../../../components/use-copy.ts'
import { useLocale, useT } from '../../../i18n/client.tsx'
import { formatLocale } from '../../../i18n/types.ts'
import type { SigningKey } from '../../../state/data/signing-keys.ts'
import { shortKey } from '../../../state/views.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { Badge, HolderFact, HolderRow } from '../holder-row.tsx'

interface KeyRowProps {
  signing: SigningKey
  name: string
  /** The person's own key. */
  isOwn: boolean
  /** The key of this browser. */
  isHere: boolean
  onRevoke: () => void
}

/** One key that signs, or did. */
export function KeyRow({ signing, name, isOwn, isHere, onRevoke }: KeyRowProps) {
  const t = useT()
  const copy = useCopy()
  const { key, revokedAtMs } = signing
  const isRevoked = revokedAtMs !== null
  const Icon = isOwn ? KeyRound : isRevoked ? ShieldX : AppWindow
  return (
    <HolderRow
      icon={<Icon size={19} aria-hidden className={isRevoked ? 'text-danger' : undefined} />}
      name={name}
      badge={
        <>
          {isHere ? <Badge>{t('signing.here')}</Badge> : null}
          {isRevoked ? <Badge bad>{t('signing.revokedBadge')}</Badge> : null}
        </>
      }
      about={
        <>
          <p className="flex items-center gap-0.5 text-xs text-mute">
            <bdi className="key">{shortKey(key)}</bdi>
            <IconButton
              label={t('signing.copyKey', { name })}
              onClick={() => copy(key)}
              className="-my-1.5 size-7"
            >
              <Copy size={14} aria-hidden />
            </IconButton>
          </p>
          {isOwn ? <p className="mt-1.5 text-sm text-soft">{t('signing.ownText')}</p> : null}
        </>
      }
      facts={<Facts signing={signing} />}
      action={
        isOwn ? null : (
          <Button
            size="sm"
            look="outline"
            aria-label={t(isRevoked ? 'signing.earlierName' : 'signing.revokeName', { name })}
            onClick={onRevoke}
          >
            {t(isRevoked ? 'signing.earlier' : 'signing.revoke')}
          </Button>
        )
      }
    />
  )
}

function Facts({ signing }: { signing: SigningKey }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const { count, firstMs, lastMs, untilMs, revokedAtMs } = signing
  return (
    <>
      <HolderFact name={t('signing.lastSigned')}>
        {lastMs === null ? t('signing.never') : <Time atMs={lastMs} />}
      </HolderFact>
      {firstMs === null ? null : (
        <HolderFact name={t('signing.firstSigned')}>{day.format(firstMs)}</HolderFact>
      )}
      <HolderFact name={t('signing.changes')}>
        {new Intl.NumberFormat(locale).format(count)}
      </HolderFact>
      {revokedAtMs !== null ? (
        <HolderFact name={t('signing.revokedAt')}>{moment.format(revokedAtMs)}</HolderFact>
      ) : untilMs === null ? null : (
        <HolderFact name={t('signing.until')}>
          {untilMs < Date.now()
            ? t('signing.ended', { day: day.format(untilMs) })
            : day.format(untilMs)}
        </HolderFact>
      )}
    </>
  )
}
