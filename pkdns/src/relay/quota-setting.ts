import type { Setting } from '@pubky/server-kit'

/** So many in so many seconds, and so many at once. */
export interface Quota {
  readonly count: number
  readonly seconds: number
  readonly burst: number
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Reads `20r/s`, as official relays write it (spec/discovery.md 2.6), with s, m, h or d, and `20r/s*5`
 * for five times as many at once. Throws a TypeError.
 */
export function parseQuota(text: string): Quota {
  const [, digits = '', unit = '', times = '1'] =
    /^(\d{1,9})r\/([smhd])(?:\*(\d{1,4}))?$/.exec(text) ?? []
  const seconds = UNIT_SECONDS[unit]
  const burst = Number(digits) * Number(times)
  if (seconds === undefined || burst === 0)
    throw new TypeError(
      'must be written as 20r/s, with s, m, h or d, or 20r/s*5 for five times as many at once',
    )
  return { count: Number(digits), seconds, burst }
}

/** The text that `parseQuota` reads. */
export function quotaText({ count, seconds, burst }: Quota): string {
  const [unit] = Object.entries(UNIT_SECONDS).find(([, length]) => length === seconds) ?? ['s']
  return `${count}r/${unit}${burst === count ? '' : `*${burst / count}`}`
}

/** A setting whose absence means what the network needs. */
export function quotaSetting(o: { env: string; doc: string }): Setting<Quota | null> {
  return { ...o, default: null, parse: parseQuota }
}
