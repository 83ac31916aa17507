'use client'

import { useEffect, useState } from 'react'
import { useLocale, useT } from '../i18n/client.tsx'
import { formatLocale } from '../i18n/types.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const dates = new Map<string, Intl.DateTimeFormat>()

/** Formatters are slow to make; there are two per language. */
function dateFormat(locale: string, withYear: boolean): Intl.DateTimeFormat {
  const key = `${locale} ${withYear}`
  const known = dates.get(key)
  if (known) return known
  const year = withYear ? { year: 'numeric' as const } : {}
  const parts = { day: 'numeric', month: 'short', timeZone: 'UTC', ...year } as const
  const made = new Intl.DateTimeFormat(locale, parts)
  dates.set(key, made)
  return made
}

/** "now", minutes, hours, then the date; the exact moment as tooltip (spec/web-app.md 8). */
export function Time({ atMs }: { atMs: number }) {
  const t = useT()
  const locale = formatLocale(useLocale())
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE)
    return () => clearInterval(timer)
  }, [])
  const age = now - atMs
  const date = new Date(atMs)
  const sameYear = date.getFullYear() === new Date(now).getFullYear()
  const text =
    age < MINUTE
      ? t('common.justNow')
      : age < HOUR
        ? t('common.minutesShort', { count: Math.floor(age / MINUTE) })
        : age < DAY
          ? t('common.hoursShort', { count: Math.floor(age / HOUR) })
          : dateFormat(locale, !sameYear).format(date)
  return (
    <time
      dateTime={date.toISOString()}
      title={date.toISOString().replace('T', ' ').slice(0, 16)}
      suppressHydrationWarning
    >
      {text}
    </time>
  )
}
