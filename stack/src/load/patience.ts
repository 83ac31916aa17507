import { setTimeout as sleep } from 'node:timers/promises'
import { isOutage } from '@pubky/sdk'

const TRIES = 6
const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 10_000

/** Repeats what failed for want of a server, for some ten seconds; only for calls that may be repeated. */
export async function patiently<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      signal.throwIfAborted()
      return await call()
    } catch (error) {
      if (signal.aborted || attempt === TRIES || !isOutage(error)) throw error
      const told = (error.retryAfterSeconds ?? 0) * 1000
      const wait = Math.max(told, FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2))
      await sleep(Math.min(MAX_WAIT_MS, wait), undefined, { signal })
    }
  }
}
