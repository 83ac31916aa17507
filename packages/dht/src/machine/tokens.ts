import { createHash, timingSafeEqual } from 'node:crypto'

const ROTATE_MICROS = 5n * 60n * 1_000_000n
const TOKEN_BYTES = 8

/**
 * Write tokens: only who answers at an address can put. The secret changes every five minutes; the
 * one before is still accepted (spec/discovery.md 6.1).
 */
export function createTokens(clock: () => bigint, random: (bytes: number) => Uint8Array) {
  let [current, previous] = [random(20), random(20)]
  let changedAt = clock()

  function rotate(): void {
    const age = clock() - changedAt
    if (age < ROTATE_MICROS) return
    previous = age < 2n * ROTATE_MICROS ? current : random(20)
    current = random(20)
    changedAt = clock()
  }

  const make = (secret: Uint8Array, host: string) =>
    createHash('sha1').update(host).update(secret).digest().subarray(0, TOKEN_BYTES)

  return {
    issue(host: string): Uint8Array {
      rotate()
      return make(current, host)
    },
    accepts(host: string, token: Uint8Array): boolean {
      rotate()
      return [current, previous].some(
        (secret) => token.length === TOKEN_BYTES && timingSafeEqual(make(secret, host), token),
      )
    },
  }
}
