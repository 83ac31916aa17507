import { formatLocale, type Locale } from './types.ts'

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** Formatters are slow to make; there are two per language. */
const formats = new Map<string, Intl.DateTimeFormat>()

function format(locale: string, withYear: boolean): Intl.DateTimeFormat {
  const key = `${locale} ${withYear}`
  const known = formats.get(key)
  if (known) return known
  const year = withYear ? { year: 'numeric' as const } : {}
  const parts = { day: 'numeric', month: 'short', timeZone: 'UTC', ...year } as const
  const made = new Intl.DateTimeFormat(locale, parts)
  formats.set(key, made)
  return made
}

/** "Nov 28" or "Nov 28, 2025", in UTC. In English without a formatter, for the reason in `format.ts`. */
export function writeDay(locale: Locale, date: Date, withYear: boolean): string {
  if (locale !== 'en') return format(formatLocale(locale), withYear).format(date)
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`
  return withYear ? `${day}, ${date.getUTCFullYear()}` : day
}
