import type { Places } from '@pubky/server-kit'
import { type HttpRelayErrorCode, relayError } from './errors.ts'

/** spec/satellites.md 1.2. */
const MAX_WAITERS_PER_ID = 10

export interface WaitOptions {
  waitMs: number
  /** Whose places are used. */
  address: string
  /** Fires when the client has gone. */
  signal: AbortSignal
}

interface Waiter<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

/** Requests that wait for something about an id, ten at most for each. */
export function createWaiters<T>(places: Places) {
  const byId = new Map<string, Set<Waiter<T>>>()

  function takeAll(id: string): Set<Waiter<T>> {
    const found = byId.get(id) ?? new Set()
    byId.delete(id)
    return found
  }

  return {
    /** Rejects with `timed_out`, with what `drop` names, or with the reason of the signal. */
    wait(id: string, { waitMs, address, signal }: WaitOptions): Promise<T> {
      const waiting = byId.get(id) ?? new Set()
      if (waiting.size >= MAX_WAITERS_PER_ID) throw relayError('too_many_waiting')
      signal.throwIfAborted()
      const giveBack = places.take(address)
      byId.set(id, waiting)
      return new Promise<T>((resolve, reject) => {
        const end = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', gone)
          giveBack()
          waiting.delete(waiter)
          if (waiting.size === 0 && byId.get(id) === waiting) byId.delete(id)
        }
        const waiter: Waiter<T> = {
          resolve(value) {
            end()
            resolve(value)
          },
          reject(error) {
            end()
            reject(error)
          },
        }
        const gone = () => waiter.reject(signal.reason)
        const timer = setTimeout(() => waiter.reject(relayError('timed_out')), waitMs)
        signal.addEventListener('abort', gone, { once: true })
        waiting.add(waiter)
      })
    },
    wake(id: string, value: T): void {
      for (const waiter of takeAll(id)) waiter.resolve(value)
    },
    drop(id: string, code: HttpRelayErrorCode): void {
      for (const waiter of takeAll(id)) waiter.reject(relayError(code))
    },
  }
}
