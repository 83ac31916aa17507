const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.4 MB`, with binary units as quotas count them. */
export function bytes(value: number): string {
  let left = value
  let unit = 0
  while (left >= 1024 && unit < UNITS.length - 1) {
    left /= 1024
    unit += 1
  }
  const digits = left < 10 && unit > 0 ? 1 : 0
  return `${left.toFixed(digits)} ${UNITS[unit]}`
}

const STEPS = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** `3 hours`, by the largest unit that fits. */
export function span(seconds: number): string {
  const [size, name] = STEPS.find(([step]) => seconds >= step) ?? [1, 'second']
  const count = Math.max(0, Math.round(seconds / size))
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** `3 hours ago`. */
export function ago(ms: number | null, nowMs = Date.now()): string {
  if (ms === null) return 'never'
  const seconds = (nowMs - ms) / 1000
  return seconds < 5 ? 'just now' : `${span(seconds)} ago`
}

export function count(value: number): string {
  return value.toLocaleString('en')
}

/** The two ends of a key, which tell it apart. */
export function shortKey(key: string): string {
  return key.length > 14 ? `${key.slice(0, 6)}…${key.slice(-6)}` : key
}

/** A round number at or above, for the top of a chart. */
export function niceCeiling(value: number): number {
  if (value <= 4) return 4
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value
}
