import { setTimeout as sleep } from 'node:timers/promises'
import { blake3, toHex } from '@pubky/protocol'
import { type Attempt, isOutage, type Session, type WriteRequest } from '@pubky/sdk'
import type { Ledger } from './ledger.ts'

const ANSWER_MS = 20_000
const RETRY_MS = 100

export interface WriteStats {
  acknowledged: number
  /** Writes whose answer was lost at least once while it was not known whether they had arrived. */
  lostAnswers: number
  retries: number
  /** Signed again, because the server had refused the attempt before for good. */
  signedAnew: number
  /** Answers, each a count, such as `stored` and `same`. */
  outcomes: Record<string, number>
  /** `performance.now()` of the sending of the last acknowledged attempt. */
  lastSentMs: number
}

export const createStats = (): WriteStats => ({
  acknowledged: 0,
  lostAnswers: 0,
  retries: 0,
  signedAnew: 0,
  outcomes: {},
  lastSentMs: 0,
})

const hex = (bytes: Uint8Array | null) => (bytes ? toHex(bytes) : '')

/** Repeats what an outage cut off, for as long as it lasts; refusals are thrown. */
export async function untilAnswered<T>(
  call: (signal: AbortSignal) => Promise<T>,
  onLost: () => void = () => {},
): Promise<T> {
  for (;;) {
    const signal = AbortSignal.timeout(ANSWER_MS)
    try {
      return await call(signal)
    } catch (error) {
      if (!isOutage(error) && !signal.aborted) throw error
      onLost()
      await sleep(RETRY_MS)
    }
  }
}

/** Writes with the same proof until there is an answer, as an outbox does, and notes what was sent. */
export async function writeUntilAcknowledged(
  session: Session,
  write: WriteRequest,
  ledger: Ledger,
  stats: WriteStats,
): Promise<void> {
  const sent: { attempt: Attempt | null; ms: number } = { attempt: null, ms: 0 }
  let lost = false
  const outcome = await untilAnswered(
    (signal) => {
      sent.ms = performance.now()
      return session.storage.write(write, {
        signal,
        before: sent.attempt,
        async onAttempt(attempt) {
          if (sent.attempt) stats.signedAnew += 1
          sent.attempt = attempt
        },
      })
    },
    () => {
      if (!sent.attempt) return
      stats.retries += 1
      if (!lost) stats.lostAnswers += 1
      lost = true
    },
  )
  stats.outcomes[outcome] = (stats.outcomes[outcome] ?? 0) + 1
  if (outcome === 'superseded') throw new Error(`${write.path} was written by somebody else`)
  const isPut = write.method === 'PUT'
  ledger.note(session.user, write.path, {
    type: isPut ? 'PUT' : 'DEL',
    hash: isPut ? toHex(await blake3(write.body as Uint8Array)) : null,
    proof: hex(sent.attempt?.proof ?? null),
  })
  stats.acknowledged += 1
  stats.lastSentMs = Math.max(stats.lastSentMs, sent.ms)
}
