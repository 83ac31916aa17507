const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
const STEP = 1024

/** As homeservers count: a megabyte is 1024 × 1024 bytes. */
export function formatBytes(locale: string, bytes: number): string {
  let [value, at] = [bytes, 0]
  while (value >= STEP && at < UNITS.length - 1) {
    value /= STEP
    at += 1
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[at] ?? 'byte',
    unitDisplay: at === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && at > 0 ? 1 : 0,
  }).format(value)
}
