import { type Micros, toMicros } from '@pubky/protocol'

/** Differences below this come from the way of an answer and from whole seconds in dates. */
const TRUSTED_DIFFERENCE_MICROS = 5_000_000n

/** Timestamps for object proofs as the server's clock has it, each above the last (design 6). */
export interface Clock {
  /** What the server's clock shows, as far as we know. */
  now(): Micros
  /** The next timestamp; never below `floor`, such as the `iat` of a grant. */
  next(floor?: bigint): Micros
  /** Takes the server's word for the time, in µs. Timestamps that lay too far ahead are forgotten. */
  correct(serverTime: bigint): void
  /** The `Date` header of a fresh answer. */
  hint(dateHeader: string | null): void
  /** A timestamp known to be taken; later ones come after it. */
  seen(timestamp: bigint): void
}

export function createClock(localNow: () => Micros): Clock {
  let correction = 0n
  let last = 0n

  function correct(serverTime: bigint): void {
    correction = serverTime - localNow()
    if (last > serverTime) last = serverTime
  }

  return {
    now: () => toMicros(localNow() + correction),
    next(floor = 0n) {
      const corrected = localNow() + correction
      last = [corrected, last + 1n, floor].reduce((a, b) => (a > b ? a : b))
      return toMicros(last)
    },
    correct,
    hint(dateHeader) {
      const ms = Date.parse(dateHeader ?? '')
      if (!(ms > 0)) return
      const serverTime = BigInt(ms) * 1000n + 500_000n
      const difference = serverTime - (localNow() + correction)
      if (difference > TRUSTED_DIFFERENCE_MICROS || -difference > TRUSTED_DIFFERENCE_MICROS)
        correct(serverTime)
    },
    seen(timestamp) {
      if (timestamp > last) last = timestamp
    },
  }
}
