const UNITS = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const BANDWIDTH = /^([1-9]\d{0,8})(kb|mb|gb)\/([smhd])$/
const COUNT = /^([1-9]\d{0,8})r\/([smhd])$/
const MAX_LENGTH = 32

/** How many bytes in a second a text like `10mb/s` allows; null when it is none. */
export function bandwidthOf(text: string): number | null {
  const [, number, unit, per] = text.length <= MAX_LENGTH ? (BANDWIDTH.exec(text) ?? []) : []
  if (number === undefined) return null
  const bytes = Number(number) * UNITS[unit as keyof typeof UNITS]
  return bytes / SECONDS[per as keyof typeof SECONDS]
}

/** How many requests in how many seconds a text like `20r/m` allows; null when it is none. */
export function requestRateOf(text: string): { count: number; seconds: number } | null {
  const [, number, per] = COUNT.exec(text) ?? []
  if (number === undefined) return null
  return { count: Number(number), seconds: SECONDS[per as keyof typeof SECONDS] }
}
