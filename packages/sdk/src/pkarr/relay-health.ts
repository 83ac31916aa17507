import { isOutage, PubkyError } from '../errors.ts'

/** Failures in a row after which a relay is left out, and for how long, doubling. */
const FAILURES = 3
const FIRST_REST_MS = 5000
const LAST_REST_MS = 300_000

/**
 * Leaves relays out that fail again and again, so that nobody waits for them; when a rest is over one
 * question tells whether they are back. When all others fail, those that rest are asked after all.
 */
export function createRelayHealth(relays: readonly string[], nowMs: () => number) {
  const failing = new Map<string, { count: number; untilMs: number }>()

  /** Watches one question to a relay; settles as it does. */
  async function watch<T>(relay: string, question: Promise<T>): Promise<T> {
    try {
      const answer = await question
      failing.delete(relay)
      return answer
    } catch (error) {
      if (isOutage(error)) {
        const count = (failing.get(relay)?.count ?? 0) + 1
        const restMs = Math.min(FIRST_REST_MS * 2 ** (count - FAILURES), LAST_REST_MS)
        failing.set(relay, { count, untilMs: count < FAILURES ? 0 : nowMs() + restMs })
      } else failing.delete(relay)
      throw error
    }
  }

  return {
    /** What each relay answers; one that rests rejects with `network` as soon as another has answered. */
    ask<T>(question: (relay: string) => Promise<T>): Promise<T>[] {
      const now = nowMs()
      const rests = (relay: string) => (failing.get(relay)?.untilMs ?? 0) > now
      const asked = relays
        .filter((relay) => !rests(relay))
        .map((relay) => watch(relay, question(relay)))
      const haveFailed = Promise.any(asked).then(
        () => false,
        () => true,
      )
      const resting = relays.filter(rests).map(async (relay) => {
        if (!(await haveFailed)) throw new PubkyError('network', { detail: `${relay} rests` })
        return watch(relay, question(relay))
      })
      return [...asked, ...resting]
    },
  }
}
