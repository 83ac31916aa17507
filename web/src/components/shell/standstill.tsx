'use client'

import { CirclePause, CloudUpload, LogIn, type LucideIcon, Truck } from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useLocale, useT } from '../../i18n/client.tsx'
import { formatLocale, type Locale, type MessageKey, type Translate } from '../../i18n/types.ts'
import { useDismissed, useStandstills } from '../../state/queries/standstill.ts'
import type { Standstill as Found } from '../../state/standstill.ts'
import { Notice } from './notice.tsx'

interface Look {
  Icon: LucideIcon
  href: string
  go: MessageKey
}

const LOOKS: Record<Found['kind'], Look> = {
  ended: { Icon: LogIn, href: '/sign-in', go: 'standstill.endedGo' },
  moveUnfinished: { Icon: Truck, href: '/settings/data#move', go: 'standstill.moveGo' },
  movePublished: { Icon: Truck, href: '/settings/data#move', go: 'standstill.moveGo' },
  refused: { Icon: CloudUpload, href: '/settings/data#unsent', go: 'standstill.go' },
  waiting: { Icon: CloudUpload, href: '/settings/data#unsent', go: 'standstill.go' },
  mirrorPaused: { Icon: CirclePause, href: '/settings/data#mirror', go: 'standstill.mirrorGo' },
  mirrorTrouble: { Icon: CirclePause, href: '/settings/data#mirror', go: 'standstill.go' },
}

function textOf(t: Translate, locale: Locale, found: Found): string {
  if (found.kind !== 'mirrorPaused') return t(`standstill.${found.kind}Text`)
  if (found.freshAtMs === null) return t('standstill.mirrorPausedNever')
  const format = { dateStyle: 'medium', timeStyle: 'short' } as const
  const time = new Intl.DateTimeFormat(formatLocale(locale), format).format(found.freshAtMs)
  return t('standstill.mirrorPausedText', { time })
}

/** Where something can be done about it, or where it happened, nobody has to be told. */
function isSaidAt(pathname: string, { kind }: Found): boolean {
  return LOOKS[kind].href.split('#')[0] === pathname || (kind === 'refused' && pathname === '/home')
}

/**
 * Says what does not go on by itself, one thing at a time. It is silent on the page where
 * something can be done about it.
 */
export function Standstill({ user }: { user: string }) {
  const pathname = usePathname()
  const { shown, dismiss } = useDismissed(user, useStandstills(user))
  const found = shown.find((one) => !isSaidAt(pathname, one))
  return (
    <div role="status">
      {found ? <StandstillNotice found={found} onDismiss={() => dismiss(found)} /> : null}
    </div>
  )
}

function StandstillNotice({ found, onDismiss }: { found: Found; onDismiss: () => void }) {
  const t = useT()
  const locale = useLocale()
  const { Icon, href, go } = LOOKS[found.kind]
  const count = 'count' in found ? { count: found.count } : undefined
  const link = {
    className:
      'touch mt-1.5 inline-block font-semibold text-brand-text underline underline-offset-4',
    children: t(go),
  }
  return (
    <section aria-label={t('standstill.label')}>
      <Notice icon={<Icon size={18} aria-hidden className="text-warn" />} onDismiss={onDismiss}>
        <p className="font-semibold">{t(`standstill.${found.kind}`, count)}</p>
        <p className="mt-0.5 text-xs text-mute">{textOf(t, locale, found)}</p>
        {found.kind === 'ended' ? <a href={href} {...link} /> : <Link href={href} {...link} />}
      </Notice>
    </section>
  )
}
