'use client'

import { useEffect, useState } from 'react'
import { useLocale, useT } from '../i18n/client.tsx'
import { writeDay } from '../i18n/day.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "now", minutes, hours, then the date; the exact moment as tooltip (spec/web-app.md 8). */
export function Time({ atMs }: { atMs: number }) {
  const t = useT()
  const locale = useLocale()
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE)
    return () => clearInterval(timer)
  }, [])
  const age = now - atMs
  const date = new Date(atMs)
  const sameYear = date.getUTCFullYear() === new Date(now).getUTCFullYear()
  const text =
    age < MINUTE
      ? t('common.justNow')
      : age < HOUR
        ? t('common.minutesShort', { count: Math.floor(age / MINUTE) })
        : age < DAY
          ? t('common.hoursShort', { count: Math.floor(age / HOUR) })
          : writeDay(locale, date, !sameYear)
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
